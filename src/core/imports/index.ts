import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { importProblems, imports } from '../../db/operator-schema.js'
import { and, asc, desc, eq, expression, gt, isNull, lt } from '../../db/query.js'
import type { Accounts } from '../accounts/accounts.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import { createImportJobs } from './import-jobs.js'
import { batchesOf, createBatches, type SourceLine } from './batches.js'
import { insertBatch } from './import-statements.js'

export type { SourceLine } from './batches.js'

/** What is imported: the name of a file, how it is written, and what it is recognized by. */
export interface ImportSource {
  source: string
  format: string
  fingerprint: Buffer
}

export type StoredImport = typeof imports.$inferSelect

/** A line that was not imported. */
export type StoredProblem = Pick<typeof importProblems.$inferSelect, 'line' | 'problem'>

/** How many lines there were, and what became of them. */
export type ImportCounts = Pick<StoredImport, 'lines' | 'imported' | 'existing' | 'rejected'>

export interface ImportsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  accounts: Pick<Accounts, 'foreignHashParameters'>
  passwords: Pick<Passwords, 'unusableHash'>
  onError: (error: unknown) => void
}

export const importStates = ['running', 'interrupted', 'finished'] as const

export type ImportState = typeof importStates[number]

export type Imports = ReturnType<typeof createImports>

/** Seconds for which it is known what became of an import. */
const keptSeconds = 30 * 86_400

/** Milliseconds without a line done, after which an import is taken for interrupted: a batch takes a second. */
const patienceMs = 120_000

/** Problems read at once. */
const pageSize = 1_000

/** Whether an import goes on. @param now milliseconds since 1970 */
export function stateOf ({ finishedAt, progressedAt }: StoredImport, now: number): ImportState {
  if (finishedAt !== null) return 'finished'
  return now - progressedAt.getTime() > patienceMs ? 'interrupted' : 'running'
}

/** Brings accounts from elsewhere, with their password hashes. */
export function createImports ({ db: { sql, query }, accounts, passwords, onError }: ImportsNeeds) {
  const read = createBatches({ sql, accounts, passwords })

  async function find (id: string): Promise<StoredImport> {
    const [row] = await query.select().from(imports).where(eq(imports.id, id))
    if (row === undefined) throw new AuthError('not_found', { message: 'no import has this id' })
    return row
  }

  /** Lines that another process has taken the names of in the meantime. */
  async function recordLosers (importId: string, lines: number[]): Promise<void> {
    if (lines.length === 0) return
    await query.insert(importProblems)
      .values(lines.map(line => ({ importId, line, problem: 'username_taken' }))).onConflictDoNothing()
    const count = lines.length
    await query.update(imports).set({
      imported: expression`${imports.imported} - ${count}::int`,
      rejected: expression`${imports.rejected} + ${count}::int`
    }).where(eq(imports.id, importId))
  }

  const room = {
    find,

    /** Notes that an import begins, and returns its id. */
    async begin (source: ImportSource, by: ClientInfo): Promise<string> {
      const id = randomUUID()
      await query.insert(imports).values({ id, actor: by.actor ?? 'operator', ...source })
      return id
    },

    /** The latest import of the same source that did not come to its end, or `null`. */
    async unfinished ({ fingerprint, format }: Omit<ImportSource, 'source'>): Promise<StoredImport | null> {
      const [row] = await query.select().from(imports)
        .where(and(eq(imports.fingerprint, fingerprint), eq(imports.format, format), isNull(imports.finishedAt)))
        .orderBy(desc(imports.startedAt)).limit(1)
      return row ?? null
    },

    /**
     * Imports lines, from the first that was not done before: each once, whatever happens on the way.
     * @param onProgress is called with what was done, after each batch
     * @throws AuthError `not_found`, `changed_meanwhile` while another process is at it, `unavailable`; what reading
     * the lines throws
     */
    async run (
      importId: string, lines: AsyncIterable<SourceLine>, by: ClientInfo, onProgress: (done: number) => void = () => {}
    ): Promise<ImportCounts> {
      let { lines: after } = await find(importId)
      for await (const chunk of batchesOf(lines, after)) {
        const { accounts, rejected, existing, lineOf } = await read(chunk)
        const upTo = after + chunk.length
        const rows = await insertBatch(sql, { importId, after, upTo, accounts, rejected, existing }, by)
        if (rows.length === 0) throw new AuthError('changed_meanwhile', { message: 'another process does this import' })
        const made = new Set(rows.map(({ id }) => id))
        await recordLosers(importId, accounts.filter(({ id }) => !made.has(id)).map(({ id }) => lineOf(id)))
        after = upTo
        onProgress(after)
      }
      await query.update(imports).set({ finishedAt: expression`now()` }).where(eq(imports.id, importId))
      return find(importId)
    },

    /** What an import would do, without doing it: the counts, and the lines that have a problem. */
    async check (
      lines: AsyncIterable<SourceLine>, onProblem: (problem: StoredProblem) => void
    ): Promise<ImportCounts> {
      const counts: ImportCounts = { lines: 0, imported: 0, existing: 0, rejected: 0 }
      for await (const chunk of batchesOf(lines, 0)) {
        const { accounts, rejected, existing } = await read(chunk)
        counts.lines += chunk.length
        counts.imported += accounts.length
        counts.existing += existing
        counts.rejected += rejected.length
        rejected.forEach(onProblem)
      }
      return counts
    },

    /** The lines that were not imported, in order. */
    async * problems (importId: string): AsyncGenerator<StoredProblem> {
      const { line, problem } = importProblems
      for (let last = 0, isEnd = false; !isEnd;) {
        const page: StoredProblem[] = await query.select({ line, problem }).from(importProblems)
          .where(and(eq(importProblems.importId, importId), gt(line, last))).orderBy(asc(line)).limit(pageSize)
        yield * page
        last = page.at(-1)?.line ?? last
        isEnd = page.length < pageSize
      }
    },

    /** Forgets imports of a month ago. */
    async cleanUp (): Promise<void> {
      await query.delete(imports)
        .where(lt(imports.startedAt, expression`now() - make_interval(secs => ${keptSeconds})`))
    }
  }

  return { ...room, ...createImportJobs({ ...room, onError }) }
}
