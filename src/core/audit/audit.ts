import type { AuditEvent } from '../../db/audit-events.js'
import type { Fragment, Pool } from '../../db/pool.js'

/** Recorded as the account of an event that concerns none: the nil UUID (RFC 9562 5.9). */
export const noAccount = '00000000-0000-0000-0000-000000000000'

/**
 * The body of a CTE that records an event for every row of `source`, another CTE of the same statement with the
 * columns `account_id` and `session_id`. A list of events records each of them.
 */
export function recordEvents (
  sql: Pool, events: readonly AuditEvent[], source: string, address: string | null
): Fragment {
  return sql`
    INSERT INTO audit_events (account_id, event, session_id, address)
    SELECT account_id, event, session_id, ${address} FROM ${sql.unsafe(source)}, unnest(${events}::text[]) AS event`
}
