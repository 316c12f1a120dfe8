import { actorOf, type AuditEvent } from '../../db/audit-events.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { ClientInfo } from '../lib/client-info.js'

/** Recorded as the account of an event that concerns none: the nil UUID (RFC 9562 5.9). */
export const noAccount = '00000000-0000-0000-0000-000000000000'

/** From where, and by whom if not as the kind of event says. */
export type Initiator = Pick<ClientInfo, 'address' | 'actor'>

/**
 * The body of a CTE that records an event for every row of `source`, another CTE of the same statement with the
 * columns `account_id` and `session_id`. A list of events records each of them.
 */
export function recordEvents (
  sql: Pool, events: readonly AuditEvent[], source: string, { address, actor }: Initiator
): Fragment {
  const actors = events.map(event => actorOf(event, actor))
  return sql`
    INSERT INTO audit_events AS audit_event (account_id, event, session_id, address, actor)
    SELECT source.account_id, record.event, source.session_id, ${address}, record.actor
    FROM ${sql.unsafe(source)} AS source, unnest(${events}::text[], ${actors}::text[]) AS record (event, actor)`
}

/** The same for events of no account: of every row of `source`, whose column `subject` says what was changed. */
export function recordSubject (
  sql: Pool, event: AuditEvent, source: string, { address, actor }: Initiator
): Fragment {
  return sql`
    INSERT INTO audit_events AS audit_event (account_id, event, address, actor, subject)
    SELECT ${noAccount}::uuid, ${event}, ${address}, ${actorOf(event, actor)}, source.subject
    FROM ${sql.unsafe(source)} AS source`
}
