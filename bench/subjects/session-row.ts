import type { Pool } from '../../src/db/pool.js'

/** The primary key of a session. */
export interface SessionKey {
  accountId: string
  sessionId: string
}

/** Makes the limit's table: the rows of `sessions` on the same pages, with the same room for HOT updates. */
export async function copySessions (sql: Pool): Promise<void> {
  await sql`CREATE TABLE limit_sessions (LIKE sessions INCLUDING ALL) WITH (fillfactor = 80)`
  await sql`INSERT INTO limit_sessions SELECT * FROM sessions`
  await sql`VACUUM ANALYZE`
}

// Their bytes do not matter to Postgres, and making new ones would be work the limit need not do.
const hash = Buffer.alloc(32, 1)
const nonce = Buffer.alloc(32, 2)

/** Writes the columns a refresh writes, with nothing to decide: the least that a rotation has to do. */
export async function updateSession (sql: Pool, { accountId, sessionId }: SessionKey): Promise<void> {
  const rows = await sql`
    UPDATE limit_sessions SET generation = generation + 1, previous_hash = current_hash, current_hash = ${hash},
      nonce = ${nonce}, rotated_at = clock_timestamp()
    WHERE account_id = ${accountId} AND id = ${sessionId}
    RETURNING generation`
  if (rows.length !== 1) throw new Error('the row is not there')
}

/** Reads what a partner's request is checked with: the least that a client's authentication has to do. */
export async function selectClient (sql: Pool, clientId: string): Promise<void> {
  const rows = await sql`SELECT secret_hash, grants, audience, scope FROM clients WHERE id = ${clientId}`
  if (rows.length !== 1) throw new Error('the client is not there')
}

/** Reads whether a session lives, and whose it is: the least that an introspection has to do. */
export async function selectSession (sql: Pool, { accountId, sessionId }: SessionKey): Promise<void> {
  const rows = await sql`
    SELECT session.ended_at, session.expires_at, account.email
    FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
    WHERE session.account_id = ${accountId} AND session.id = ${sessionId}`
  if (rows.length !== 1) throw new Error('the session is not there')
}

/** The share of updates that were heap-only, of each of the two tables; they are known a second later. */
export async function hotShares (sql: Pool): Promise<{ table: string, share: number }[]> {
  return sql<{ table: string, share: number }[]>`
    SELECT relname AS table, n_tup_hot_upd::float8 / greatest(n_tup_upd, 1) AS share
    FROM pg_stat_user_tables WHERE relname IN ('sessions', 'limit_sessions') ORDER BY relname DESC`
}
