import type { Sql } from 'postgres'

/**
 * Remembers a session as a standby has it that is behind. The returned function makes it so again, as a failover to
 * that standby does: what was committed meanwhile is lost, and its holders do not know.
 */
export async function loseCommitsOf (sql: Sql, sessionId: string): Promise<() => Promise<void>> {
  const [row] = await sql<[{ accountId: string, session: string }?]>`
    SELECT account_id AS "accountId", to_jsonb(sessions)::text AS session FROM sessions WHERE id = ${sessionId}`
  if (row === undefined) throw new Error('no such session')
  return async () => {
    await sql`DELETE FROM sessions WHERE account_id = ${row.accountId} AND id = ${sessionId}`
    await sql`
      INSERT INTO sessions SELECT (jsonb_populate_record(NULL::sessions, ${row.session}::text::jsonb)).*`
  }
}
