import { randomUUID } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'

export interface PurgeNeeds {
  sql: Pool
  /** Seconds for which an ended session is kept, so that it is not reported as unknown. */
  keptAfterEnd: number
}

/** A place in the primary key of `sessions`. */
type Position = Pick<typeof sessions.$inferSelect, 'accountId' | 'id'>

export type PurgedPage = Position & { removed: number }

/** Sessions looked at in one run: a page of the primary key takes milliseconds. */
const pageSize = 1_000

const nil = '00000000-0000-0000-0000-000000000000'
const start: Position = { accountId: nil, id: nil }

/**
 * Removes sessions that were over long ago, one page of the table in each run, in a cycle. It needs no index that
 * a refresh would have to maintain, and waits for no locked row.
 */
export function createPurge ({ sql, keptAfterEnd }: PurgeNeeds) {
  // Instances begin at different positions.
  let after: Position = { ...start, accountId: randomUUID() }

  /** Looks at the next page; returns how many sessions were removed. */
  return async function purge (): Promise<number> {
    const [page] = await purgePage(sql, after, keptAfterEnd)
    after = page ?? start
    return page?.removed ?? 0
  }
}

/** Removes from the page after a position what was over so many seconds ago; gives the page's last position. */
export function purgePage (sql: Pool, after: Position, keptAfterEnd: number) {
  return sql<PurgedPage[]>`
    WITH page AS MATERIALIZED (
      SELECT account_id, id, least(expires_at, ended_at) AS over_at FROM sessions
      WHERE (account_id, id) > (${after.accountId}, ${after.id}) ORDER BY account_id, id LIMIT ${pageSize}
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
}
