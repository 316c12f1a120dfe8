import { randomUUID } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import type { auditEvents } from '../../db/schema.js'
import { noAccount } from './audit.js'

export interface RetentionNeeds {
  sql: Pool
  /** Seconds for which a record is kept. */
  retention: number
}

/** A place in the primary key of `audit_events`. */
type Position = Pick<typeof auditEvents.$inferSelect, 'accountId' | 'id'>

/** Records looked at in one run. */
const pageSize = 1_000

/** Seconds for which an address is kept whole: long enough to look into an incident. */
const wholeAddressLifetime = 30 * 86_400

const start: Position = { accountId: noAccount, id: noAccount }

/**
 * Removes old audit records, and of younger ones the part of the address that names a person (GDPR 5(1)(e) and 17):
 * after a month, and as soon as the account is gone. One page of the table in each run, in a cycle.
 */
export function createRetention ({ sql, retention }: RetentionNeeds) {
  // Instances begin at different positions.
  let after: Position = { ...start, accountId: randomUUID() }

  return async function retain (): Promise<void> {
    const [page] = await retainPage(sql, after, retention)
    after = page ?? start
  }
}

/** Does so on the page after a position; gives the page's last position. */
export function retainPage (sql: Pool, after: Position, retention: number) {
  return sql<Position[]>`
    WITH page AS MATERIALIZED (
      SELECT event.account_id, event.id, event.at < clock_timestamp() - make_interval(secs => ${retention}) AS is_old,
        event.address IS NOT NULL AND event.address NOT LIKE '%/%' AND (
          event.at < clock_timestamp() - make_interval(secs => ${wholeAddressLifetime})
          OR event.account_id <> ${noAccount}
            AND NOT EXISTS (SELECT FROM accounts WHERE accounts.id = event.account_id)
        ) AS is_whole
      FROM audit_events AS event
      WHERE (event.account_id, event.id) > (${after.accountId}, ${after.id})
      ORDER BY event.account_id, event.id LIMIT ${pageSize}
    ), removed AS (
      DELETE FROM audit_events AS event USING page
      WHERE event.account_id = page.account_id AND event.id = page.id AND page.is_old
    ), shortened AS (
      UPDATE audit_events AS event SET address = CASE
        WHEN event.address LIKE '%\\%%' THEN NULL
        ELSE text(network(set_masklen(
          event.address::inet, CASE family(event.address::inet) WHEN 4 THEN 24 ELSE 48 END)))
      END
      FROM page
      WHERE event.account_id = page.account_id AND event.id = page.id AND page.is_whole AND NOT page.is_old
    )
    SELECT account_id, id FROM page ORDER BY account_id DESC, id DESC LIMIT 1`
}
