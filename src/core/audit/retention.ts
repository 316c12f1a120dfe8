import { randomUUID } from 'node:crypto'
import type { Fragment, Pool } from '../../db/pool.js'
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
 * after a month, and as soon as the account is gone; then also what was changed of it. One page of the table in each
 * run, in a cycle.
 */
export function createRetention ({ sql, retention }: RetentionNeeds) {
  // Instances begin at different positions.
  let after: Position = { ...start, accountId: randomUUID() }

  return async function retain (): Promise<void> {
    const [last] = await selectPageEnd(sql, after, pageSize)
    await removeOld(sql, after, last, retention)
    await shortenAddresses(sql, after, last)
    await clearDetails(sql, after, last)
    after = last ?? start
  }
}

/** The last position of the page after a position, or no row when the table ends before. */
export function selectPageEnd (sql: Pool, after: Position, size: number) {
  return sql<Position[]>`
    SELECT account_id, id FROM audit_events WHERE (account_id, id) > (${after.accountId}, ${after.id})
    ORDER BY account_id, id OFFSET ${size - 1} LIMIT 1`
}

function isInRange (sql: Pool, after: Position, last: Position | undefined): Fragment {
  const isBeforeEnd = last === undefined
    ? sql`true`
    : sql`(event.account_id, event.id) <= (${last.accountId}, ${last.id})`
  return sql`(event.account_id, event.id) > (${after.accountId}, ${after.id}) AND ${isBeforeEnd}`
}

function removeOld (sql: Pool, after: Position, last: Position | undefined, retention: number) {
  return sql`
    DELETE FROM audit_events AS event
    WHERE ${isInRange(sql, after, last)} AND event.at < now() - make_interval(secs => ${retention})`
}

/** Of an address with a zone, which names a network of the server itself, nothing is left. */
function shortenAddresses (sql: Pool, after: Position, last: Position | undefined) {
  return sql`
    UPDATE audit_events AS event SET address = CASE
      WHEN event.address LIKE '%\\%%' THEN NULL
      ELSE text(network(set_masklen(
        event.address::inet, CASE WHEN family(event.address::inet) = 4 THEN 24 ELSE 48 END)))
    END
    WHERE ${isInRange(sql, after, last)} AND event.address IS NOT NULL AND event.address NOT LIKE '%/%' AND (
      event.at < now() - make_interval(secs => ${wholeAddressLifetime})
      OR event.account_id <> ${noAccount}
        AND NOT EXISTS (SELECT FROM accounts AS account WHERE account.id = event.account_id)
    )`
}

/** Of an account that is gone; why it was deleted stays. */
function clearDetails (sql: Pool, after: Position, last: Position | undefined) {
  return sql`
    UPDATE audit_events AS event SET details = NULL
    WHERE ${isInRange(sql, after, last)} AND event.details IS NOT NULL AND event.event <> 'account_deleted'
      AND event.account_id <> ${noAccount}
      AND NOT EXISTS (SELECT FROM accounts AS account WHERE account.id = event.account_id)`
}
