import { randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'

export interface PurgeNeeds {
  sql: Sql
  /** Seconds for which a session that is over can still be told from one that never was. */
  keptAfterEnd: number
}

interface Position {
  account_id: string
  id: string
}

/** Sessions looked at in one go: a page of the primary key takes milliseconds. */
const pageSize = 1_000

const nil = '00000000-0000-0000-0000-000000000000'
const start: Position = { account_id: nil, id: nil }

/**
 * Removes sessions that were over long ago, a page of the table at a time, round and round. It needs no index that a
 * refresh would have to keep, and waits for no row that somebody else is changing.
 */
export function createPurge ({ sql, keptAfterEnd }: PurgeNeeds) {
  // Many instances begin at different places.
  let after: Position = { ...start, account_id: randomUUID() }

  /** Looks at the next page; returns how many sessions were removed. */
  return async function purge (): Promise<number> {
    const [page] = await sql<Array<Position & { removed: number }>>`
      WITH page AS MATERIALIZED (
        SELECT account_id, id, least(expires_at, ended_at) AS over_at FROM sessions
        WHERE (account_id, id) > (${after.account_id}, ${after.id}) ORDER BY account_id, id LIMIT ${pageSize}
      ), over AS MATERIALIZED (
        SELECT sessions.account_id, sessions.id FROM sessions JOIN page USING (account_id, id)
        WHERE page.over_at < clock_timestamp() - make_interval(secs => ${keptAfterEnd})
        FOR UPDATE OF sessions SKIP LOCKED
      ), removed AS (
        DELETE FROM sessions USING over
        WHERE sessions.account_id = over.account_id AND sessions.id = over.id RETURNING sessions.id
      )
      SELECT account_id, id, (SELECT count(*)::int FROM removed) AS removed
      FROM page ORDER BY account_id DESC, id DESC LIMIT 1`
    after = page ?? start
    return page?.removed ?? 0
  }
}
