import { randomUUID } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import type { Accounts } from '../accounts/accounts.js'
import { parametersOf } from '../passwords/hash-forms.js'
import type { Passwords } from '../passwords/index.js'
import { LineProblem, readImportLine, type ImportedAccount, type ImportProblem } from './import-line.js'
import { selectTaken, type InsertedLine, type RejectedLine } from './import-statements.js'

/** A line of a file, counted from 1: its value, or why it has none. */
export type SourceLine = { line: number, value: unknown } | { line: number, problem: ImportProblem }

export interface BatchesNeeds {
  sql: Pool
  accounts: Pick<Accounts, 'foreignHashParameters'>
  passwords: Pick<Passwords, 'unusableHash'>
}

/** What is to become of some lines. */
export interface ReadBatch {
  accounts: InsertedLine[]
  rejected: RejectedLine[]
  existing: number
  /** The line of an account. */
  lineOf: (id: string) => number
}

/** Lines that are stored together: a second's work is lost at most when the process ends. */
const batchSize = 1_000

/** Every attempt to sign in computes a hash of each kind (passwords/equal-work.ts). */
const maxKindsOfHash = 16

/** Lines in batches, without those that were done before. */
export async function * batchesOf (lines: AsyncIterable<SourceLine>, done: number): AsyncGenerator<SourceLine[]> {
  let batch: SourceLine[] = []
  let count = 0
  for await (const line of lines) {
    count += 1
    if (count <= done) continue
    batch.push(line)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Says of each line whether an account can be made of it. */
export function createBatches ({ sql, accounts, passwords }: BatchesNeeds) {
  let kinds: Set<string> | null = null

  async function refuseFurtherKinds (hash: string | null): Promise<void> {
    const kind = hash === null ? null : parametersOf(hash)
    if (kind === null) return
    kinds ??= new Set(await accounts.foreignHashParameters())
    if (!kinds.has(kind) && kinds.size >= maxKindsOfHash) throw new LineProblem('too_many_kinds_of_hash')
    kinds.add(kind)
  }

  async function accountOf (source: SourceLine): Promise<ImportedAccount> {
    if ('problem' in source) throw new LineProblem(source.problem)
    const account = readImportLine(source.value)
    await refuseFurtherKinds(account.passwordHash)
    return account
  }

  return async function read (lines: readonly SourceLine[]): Promise<ReadBatch> {
    const rejected: RejectedLine[] = []
    const good = new Map<ImportedAccount, number>()
    const seen = new Set<string>()
    for (const source of lines) {
      try {
        const account = await accountOf(source)
        refuseSeen(seen, account)
        good.set(account, source.line)
      } catch (error) {
        if (!(error instanceof LineProblem)) throw error
        rejected.push({ line: source.line, problem: error.problem })
      }
    }
    const taken = new Set((await selectTaken(sql, [...good.keys()])).map(({ kind, value }) => `${kind} ${value}`))
    const lineOf = new Map<string, number>()
    const found: InsertedLine[] = []
    let existing = 0
    for (const [account, line] of good) {
      const { email, username } = account
      if (taken.has(`email ${email}`)) existing += 1
      else if (taken.has(`username ${username?.toLowerCase()}`)) rejected.push({ line, problem: 'username_taken' })
      else if (taken.has(`id ${account.id}`)) rejected.push({ line, problem: 'id_taken' })
      else {
        const id = account.id ?? randomUUID()
        lineOf.set(id, line)
        found.push({ ...account, id, passwordHash: account.passwordHash ?? passwords.unusableHash() })
      }
    }
    return { accounts: found, rejected, existing, lineOf: id => Number(lineOf.get(id)) }
  }
}

/** @throws LineProblem for what another line of the batch has */
function refuseSeen (seen: Set<string>, { id, email, username }: ImportedAccount): void {
  const names = { email_repeated: email, username_repeated: username?.toLowerCase(), id_taken: id } as const
  for (const [problem, name] of Object.entries(names) as Array<[ImportProblem, string | null | undefined]>) {
    if (name !== null && name !== undefined && seen.has(`${problem} ${name}`)) throw new LineProblem(problem)
  }
  for (const [problem, name] of Object.entries(names)) seen.add(`${problem} ${name}`)
}
