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

/** Sessions looked at in one run: a page of the primary key takes milliseconds. */
const pageSize = 1_000

const nil = '00000000-0000-0000-0000-000000000000'
const start: Position = { accountId: nil, id: nil }

/**
 * Removes sessions that were over long ago, one page of the table in each run, in a cycle. It needs no index that
 * a refresh would have to maintain.
 */
export function createPurge ({ sql, keptAfterEnd }: PurgeNeeds) {
  // Instances begin at different positions.
  let after: Position = { ...start, accountId: randomUUID() }
  let purged = 0

  /** Looks at the next page; returns how many sessions were removed. */
  async function purge (): Promise<number> {
    const [last] = await selectPageEnd(sql, after, pageSize)
    const removed = await purgeRange(sql, after, last, keptAfterEnd)
    after = last ?? start
    purged += removed.count
    return removed.count
  }

  return { purge, purgedCount: () => purged }
}

/** The last position of the page after a position, or no row when the table ends before. */
export function selectPageEnd (sql: Pool, after: Position, size: number) {
  return sql<Position[]>`
    SELECT account_id, id FROM sessions WHERE (account_id, id) > (${after.accountId}, ${after.id})
    ORDER BY account_id, id OFFSET ${size - 1} LIMIT 1`
}

/** Removes from the range what was over so many seconds ago; without a last position up to the table's end. */
export function purgeRange (sql: Pool, after: Position, last: Position | undefined, keptAfterEnd: number) {
  const isBeforeEnd = last === undefined
    ? sql`true`
    : sql`(session.account_id, session.id) <= (${last.accountId}, ${last.id})`
  return sql`
    DELETE FROM sessions AS session
    WHERE (session.account_id, session.id) > (${after.accountId}, ${after.id}) AND ${isBeforeEnd}
      AND least(session.expires_at, session.ended_at) < now() - make_interval(secs => ${keptAfterEnd})`
}
