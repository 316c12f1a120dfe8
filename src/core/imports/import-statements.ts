import type { Pool } from '../../db/pool.js'
import { recordEvents, type Initiator } from '../audit/audit.js'
import type { ImportedAccount, ImportProblem } from './import-line.js'

/** A line with the id that its account gets, and the hash that is stored. */
export type InsertedLine = ImportedAccount & { id: string, passwordHash: string }

export interface RejectedLine {
  line: number
  problem: ImportProblem
}

/** Lines of a file that are stored together, or not at all. */
export interface Batch {
  importId: string
  /** How many lines were done before: of two processes at one import, the second does nothing. */
  after: number
  /** How many are with it. */
  upTo: number
  accounts: InsertedLine[]
  rejected: RejectedLine[]
  /** Lines of accounts that are there. */
  existing: number
}

/** An account that was made; without an id where none was. */
export interface InsertedRow {
  importId: string
  id: string | null
}

/**
 * Stores a batch: identifiers, accounts, their records and how far the import has come. Returns the accounts that were
 * made, and no row at all where another process was quicker.
 */
export function insertBatch (sql: Pool, batch: Batch, by: Initiator) {
  const { importId, after, upTo, accounts, rejected, existing } = batch
  const lines = JSON.stringify(accounts.map(account => toRow(account, new Date())))
  return sql<InsertedRow[]>`
    WITH turn AS (
      UPDATE imports AS import SET lines = ${upTo}, imported = import.imported + ${accounts.length},
        existing = import.existing + ${existing}, rejected = import.rejected + ${rejected.length},
        progressed_at = now()
      WHERE import.id = ${importId} AND import.lines = ${after} AND import.finished_at IS NULL RETURNING import.id
    ), problem AS (
      INSERT INTO import_problems AS import_problem (import_id, line, problem)
      SELECT turn.id, problem.line, problem.problem
      FROM turn, jsonb_to_recordset(${JSON.stringify(rejected)}::text::jsonb) AS problem (line int, problem text)
    ), line AS (
      SELECT line.* FROM turn, jsonb_to_recordset(${lines}::text::jsonb) AS line (
        id uuid, email text, verified_at timestamptz, name text, username text, created_at timestamptz,
        external_id text, status text, plan text, expires_at timestamptz, hash text, disabled_at timestamptz
      )
    ), email_claim AS (
      INSERT INTO account_identifiers AS claim (kind, value, account_id)
      SELECT 'email', line.email, line.id FROM line
      ON CONFLICT DO NOTHING RETURNING account_id
    ), username_claim AS (
      INSERT INTO account_identifiers AS claim (kind, value, account_id)
      SELECT 'username', lower(line.username), line.id FROM line JOIN email_claim ON email_claim.account_id = line.id
      WHERE line.username IS NOT NULL
      ON CONFLICT DO NOTHING RETURNING account_id
    ), account AS (
      INSERT INTO accounts AS account (id, email, email_verified_at, name, username, password_hash, external_id,
        subscription_status, subscription_plan, subscription_expires_at, created_at, disabled_at)
      SELECT line.id, line.email, line.verified_at, line.name, line.username, line.hash, line.external_id, line.status,
        line.plan, line.expires_at, line.created_at, line.disabled_at
      FROM line JOIN email_claim ON email_claim.account_id = line.id
      WHERE line.username IS NULL OR EXISTS (
        SELECT FROM username_claim WHERE username_claim.account_id = line.id)
      ON CONFLICT DO NOTHING RETURNING id
    ), made AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
    record AS (${recordEvents(sql, ['account_imported'], 'made', by)})
    SELECT turn.id AS import_id, account.id FROM turn LEFT JOIN account ON true`
}

/** A line as the columns of its account; what says no time has that of the import. */
function toRow (account: InsertedLine, now: Date) {
  const { id, email, name, username, externalId, subscription, passwordHash } = account
  const createdAt = account.createdAt ?? now
  return {
    id,
    email,
    name,
    username,
    verified_at: account.isEmailVerified ? createdAt : null,
    created_at: createdAt,
    external_id: externalId,
    status: subscription?.status,
    plan: subscription?.plan,
    expires_at: subscription?.expiresAt,
    hash: passwordHash,
    disabled_at: account.isDisabled ? now : null
  }
}

/** What of a batch is there already. */
export type TakenRow = { kind: 'email' | 'username' | 'id', value: string }

/** Which emails, usernames and ids are taken. */
export function selectTaken (sql: Pool, lines: readonly ImportedAccount[]) {
  const names = lines.flatMap(({ id, email, username }) => [
    { kind: 'email', value: email }, { kind: 'username', value: username }, { kind: 'id', value: id }
  ]).filter(({ value }) => value !== null)
  return sql<TakenRow[]>`
    WITH name AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(names)}::text::jsonb) AS name (kind text, value text)
    )
    SELECT identifier.kind, identifier.value FROM name JOIN account_identifiers AS identifier
      ON identifier.kind = name.kind
      AND identifier.value = CASE WHEN name.kind = 'username' THEN lower(name.value) ELSE name.value END
    UNION ALL
    SELECT name.kind, name.value FROM name JOIN accounts AS account
      ON account.id = CASE WHEN name.kind = 'id' THEN name.value::uuid END`
}
