import { isPartnerEvent, type PartnerEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'
import type { auditEvents } from '../../db/schema.js'
import { isUuid } from '../lib/uuid.js'

export type EventRow = Pick<typeof auditEvents.$inferSelect, 'id' | 'accountId' | 'sessionId'> & {
  event: PartnerEvent
  /** Seconds since 1970. */
  at: number
}

/** Seconds within which a statement has committed, many times over, so that no older event can still appear. */
const commitMarginSeconds = 60

/**
 * The statements of partner events. An event becomes visible when its statement commits, perhaps after a younger one:
 * events are found by the absence of an acknowledgement, never by their place in a sequence (ADR 0009).
 */
export function createSecurityEventStatements (sql: Pool, maxTokenLifetime: number) {
  const isForPartners = sql.unsafe(isPartnerEvent)
  const oldest = sql`clock_timestamp() - make_interval(secs => ${maxTokenLifetime})`
  const isUnacknowledged = sql`NOT EXISTS (
    SELECT FROM event_acknowledgements AS acknowledged
    WHERE acknowledged.client_id = client.id AND acknowledged.event_id = event.id
  )`

  return {
    /** Names that are no event ids are ignored: a partner may send anything. */
    async acknowledge (clientId: string, names: readonly string[]): Promise<void> {
      const eventIds = names.filter(isUuid)
      if (eventIds.length === 0) return
      await sql`
        INSERT INTO event_acknowledgements (client_id, event_id)
        SELECT ${clientId}, event_id FROM unnest(${eventIds}::uuid[]) AS event_id
        ON CONFLICT DO NOTHING`
    },

    selectUnacknowledged: (clientId: string, limit: number) => sql<EventRow[]>`
      SELECT event.id, event.event, event.account_id, event.session_id,
        floor(extract(epoch FROM event.at))::float8 AS at
      FROM clients AS client JOIN audit_events AS event ON event.at >= greatest(client.events_from, ${oldest})
      WHERE client.id = ${clientId} AND ${isForPartners} AND ${isUnacknowledged}
      ORDER BY event.at, event.id LIMIT ${limit}`,

    advanceCursors: () => sql`
      UPDATE clients SET events_from = next.at
      FROM (
        SELECT client.id, coalesce((
          SELECT event.at FROM audit_events AS event
          WHERE event.at >= greatest(client.events_from, ${oldest}) AND event.at < committed.at
            AND ${isForPartners} AND ${isUnacknowledged}
          ORDER BY event.at LIMIT 1
        ), committed.at) AS at
        FROM clients AS client,
          (SELECT clock_timestamp() - make_interval(secs => ${commitMarginSeconds}) AS at) AS committed
      ) AS next
      WHERE clients.id = next.id AND clients.events_from < next.at`,

    /** An acknowledgement is younger than its event, so one from before the cursor is for an event before it. */
    deleteBehindCursors: () => sql`
      DELETE FROM event_acknowledgements AS acknowledged USING clients AS client
      WHERE acknowledged.client_id = client.id AND acknowledged.at < client.events_from`
  }
}
