import type { AuditEvent } from '../../db/audit-events.js'
import type { Fragment, Pool } from '../../db/pool.js'
import { recordSubject, type Initiator, type RecordedChange } from '../audit/audit.js'

/**
 * A change of one webhook, with its record.
 * @param change a statement that returns the row's id
 */
export function changeWebhook (
  sql: Pool, change: Fragment, event: AuditEvent, by: Initiator, recorded?: RecordedChange
) {
  return sql<Array<{ id: string }>>`
    WITH webhook AS (${change}), changed AS (SELECT webhook.id, webhook.id::text AS subject FROM webhook),
    record AS (${recordSubject(sql, event, 'changed', by, recorded)})
    SELECT id FROM changed`
}
