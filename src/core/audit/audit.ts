import { actorOf, type AuditDetails, type AuditEvent } from '../../db/audit-events.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { ClientInfo } from '../lib/client-info.js'

/** Recorded as the account of an event that concerns none: the nil UUID (RFC 9562 5.9). */
export const noAccount = '00000000-0000-0000-0000-000000000000'

/** From where, and by whom if not as the kind of event says. */
export type Initiator = Pick<ClientInfo, 'address' | 'actor' | 'requestId' | 'reason'>

/** What was changed, from what to what. */
export type RecordedChange = Pick<AuditDetails, 'before' | 'after'>

/** The details of a record in JSON, or `null`. */
function detailsIn ({ reason }: Initiator, change: RecordedChange = {}): string | null {
  const details: AuditDetails = { ...reason !== undefined && { reason }, ...change }
  return Object.keys(details).length === 0 ? null : JSON.stringify(details)
}

/**
 * The body of a CTE that records an event for every row of `source`, another CTE of the same statement with the
 * columns `account_id` and `session_id`. A list of events records each of them.
 */
export function recordEvents (
  sql: Pool, events: readonly AuditEvent[], source: string, initiator: Initiator, change?: RecordedChange
): Fragment {
  const { address, actor, requestId = null } = initiator
  const actors = events.map(event => actorOf(event, actor))
  return sql`
    INSERT INTO audit_events AS audit_event (account_id, event, session_id, address, actor, request_id, details)
    SELECT source.account_id, record.event, source.session_id, ${address}, record.actor, ${requestId},
      ${detailsIn(initiator, change)}::text::jsonb
    FROM ${sql.unsafe(source)} AS source, unnest(${events}::text[], ${actors}::text[]) AS record (event, actor)`
}

/** The same for events of no account: of every row of `source`, whose column `subject` says what was changed. */
export function recordSubject (
  sql: Pool, event: AuditEvent, source: string, initiator: Initiator, change?: RecordedChange
): Fragment {
  const { address, actor, requestId = null } = initiator
  return sql`
    INSERT INTO audit_events AS audit_event (account_id, event, address, actor, subject, request_id, details)
    SELECT ${noAccount}::uuid, ${event}, ${address}, ${actorOf(event, actor)}, source.subject, ${requestId},
      ${detailsIn(initiator, change)}::text::jsonb
    FROM ${sql.unsafe(source)} AS source`
}

/** Records an event of no account, and does nothing else. */
export function insertSubjectEvent (sql: Pool, event: AuditEvent, subject: string, initiator: Initiator) {
  return sql`
    WITH subject AS (SELECT ${subject}::text AS subject) ${recordSubject(sql, event, 'subject', initiator)}`
}
