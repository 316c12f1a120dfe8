import { isPartnerEvent, type PartnerEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'
import type { clients } from '../../db/partner-schema.js'
import type { auditEvents } from '../../db/schema.js'
import { isUuid } from '../lib/uuid.js'

export type EventRow = Pick<typeof auditEvents.$inferSelect, 'id' | 'accountId' | 'sessionId'> & {
  event: PartnerEvent
  /** Seconds since 1970. */
  at: number
}

export type ClientIdRow = Pick<typeof clients.$inferSelect, 'id'>

export interface CursorRow {
  microseconds: number
}

/** Seconds within which a statement has committed, many times over, so that no older event can still appear. */
const commitMarginSeconds = 60

/**
 * The statements of partner events. An event becomes visible when its statement commits, perhaps after a younger one:
 * events are found by the absence of an acknowledgement, never by their place in a sequence (ADR 0009).
 */
export function createSecurityEventStatements (sql: Pool, maxTokenLifetime: number) {
  const isForPartners = sql.unsafe(isPartnerEvent)
  const oldest = sql`now() - make_interval(secs => ${maxTokenLifetime})`
  // Without correlated subqueries: clients are copied to each server of a distributed Postgres, events are spread.
  const unacknowledged = (clientId: string) => sql`
    clients AS client JOIN audit_events AS event ON event.at >= greatest(client.events_from, ${oldest})
      LEFT JOIN event_acknowledgements AS acknowledged
        ON acknowledged.client_id = ${clientId} AND acknowledged.event_id = event.id
    WHERE client.id = ${clientId} AND ${isForPartners} AND acknowledged.event_id IS NULL`

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
      FROM ${unacknowledged(clientId)} ORDER BY event.at, event.id LIMIT ${limit}`,

    /** The id of every client that may poll. */
    selectClientIds: () => sql<ClientIdRow[]>`SELECT id FROM clients`,

    /**
     * The time of the client's first unacknowledged event, or of the moment before which all events have committed.
     * In microseconds since 1970: a `Date` would round it, and the cursor would pass the event or never reach it.
     */
    selectNextCursor: (clientId: string) => sql<[CursorRow]>`
      SELECT (extract(epoch FROM least(
        min(event.at), now() - make_interval(secs => ${commitMarginSeconds}))) * 1000000)::bigint AS microseconds
      FROM ${unacknowledged(clientId)}`,

    /** Never goes back. */
    advanceCursor: (clientId: string, { microseconds }: CursorRow) => sql`
      UPDATE clients AS client SET events_from = timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us'
      WHERE client.id = ${clientId}
        AND client.events_from < timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us'`,

    /** An acknowledgement is younger than its event, so one from before the cursor is for an event before it. */
    deleteBehindCursors: () => sql`
      DELETE FROM event_acknowledgements AS acknowledged USING clients AS client
      WHERE acknowledged.client_id = client.id AND acknowledged.at < client.events_from`
  }
}
