import { isPartnerEvent, type PartnerEvent } from '../../db/audit-events.js'
import type { clients } from '../../db/partner-schema.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { auditEvents } from '../../db/schema.js'
import { noAccount } from '../audit/audit.js'
import { isUuid } from '../lib/uuid.js'
import { sentEvents } from './event-types.js'

export type EventRow = Pick<typeof auditEvents.$inferSelect, 'id' | 'accountId' | 'sessionId' | 'actor'> & {
  event: PartnerEvent
  /** The type of the security event, of which a record may have several. */
  type: string
  /** Seconds since 1970. */
  at: number
}

export type ReceiverRow = Pick<typeof clients.$inferSelect, 'id' | 'eventsAcknowledgedAt'> & {
  /**
   * The time of its first unacknowledged event, or of the moment before which all have committed. In microseconds
   * since 1970: a `Date` would round it, and the cursor would pass the event or never reach it.
   */
  cursor: number
  /** Seconds since that event; 0 without one. */
  lag: number
}

/** Seconds within which a statement has committed, many times over, so that no older event can still appear. */
const commitMarginSeconds = 60

/** As the session of a removed subject that is an account. */
export const allSessions = noAccount

/**
 * The statements of partner events. An event becomes visible when its statement commits, perhaps after a younger one:
 * events are found by the absence of an acknowledgement, never by their place in a sequence (ADR 0009).
 */
export function createEventStatements (sql: Pool, maxTokenLifetime: number) {
  const isForPartners = sql.unsafe(isPartnerEvent)
  const oldest = sql`now() - make_interval(secs => ${maxTokenLifetime})`
  const sent = sql.unsafe(sentEvents.map(({ kind, type, isFirst }) => `('${kind}', '${type}', ${isFirst})`).join(', '))
  const id = sql`CASE WHEN sent.is_first THEN event.id ELSE md5(event.id::text || sent.type)::uuid END`

  // Without correlated subqueries: clients are copied to each server of a distributed Postgres, events are spread.
  const unacknowledged = (clientId: string | undefined, isSent: Fragment) => sql`
    clients AS client
      LEFT JOIN event_streams AS stream ON stream.client_id = client.id
      JOIN audit_events AS event
        ON event.at >= greatest(client.events_from, stream.delivers_from, ${oldest}) AND ${isForPartners}
      JOIN (VALUES ${sent}) AS sent (kind, type, is_first) ON sent.kind = event.event
      LEFT JOIN removed_subjects AS removed
        ON removed.client_id = client.id AND removed.account_id = event.account_id
        AND (removed.session_id = ${allSessions} OR removed.session_id = event.session_id)
      LEFT JOIN event_acknowledgements AS acknowledged
        ON acknowledged.client_id = client.id AND acknowledged.event_id = ${id}
    WHERE ${isIt(clientId)} AND ${isSent} AND removed.client_id IS NULL AND acknowledged.event_id IS NULL
      AND (stream.requested_types IS NULL OR sent.type = ANY (stream.requested_types))`

  // Most clients have the grant, and some never poll: theirs are all events of the longest token's lifetime.
  const isIt = (clientId: string | undefined) => clientId === undefined
    ? sql`(client.events_acknowledged_at IS NOT NULL OR stream.client_id IS NOT NULL)`
    : sql`client.id = ${clientId}`

  return {
    /** @param eventIds with a UUID's form */
    acknowledge: (clientId: string, eventIds: readonly string[]) => sql`
      INSERT INTO event_acknowledgements (client_id, event_id)
      SELECT ${clientId}, event_id FROM unnest(${eventIds}::uuid[]) AS event_id
      ON CONFLICT DO NOTHING`,

    /** What an enabled stream sends, the oldest first. */
    selectUnacknowledged: (clientId: string, limit: number) => sql<EventRow[]>`
      SELECT ${id} AS id, event.event, sent.type, event.account_id, event.session_id, event.actor,
        floor(extract(epoch FROM event.at))::float8 AS at
      FROM ${unacknowledged(clientId, sql`coalesce(stream.status, 'enabled') = 'enabled'`)}
      ORDER BY event.at, event.id, sent.is_first DESC LIMIT ${limit}`,

    /** How the client with an id stands, or all that have acknowledged an event or have a stream. */
    selectReceivers: (clientId?: string) => sql<ReceiverRow[]>`
      WITH next_event AS (
        SELECT client.id AS client_id, min(event.at) AS at
        FROM ${unacknowledged(clientId, sql`true`)} GROUP BY client.id
      )
      SELECT client.id, client.events_acknowledged_at,
        (extract(epoch FROM least(
          next_event.at, now() - make_interval(secs => ${commitMarginSeconds}))) * 1000000)::bigint AS cursor,
        extract(epoch FROM now() - least(next_event.at, now()))::float8 AS lag
      FROM clients AS client
        LEFT JOIN event_streams AS stream ON stream.client_id = client.id
        LEFT JOIN next_event ON next_event.client_id = client.id
      WHERE ${isIt(clientId)}`,

    /**
     * Advances the cursors of clients, where that saves a minute of events or more; never goes back. A distributed
     * Postgres updates copied tables by immutable functions only, which arithmetic on a timestamptz is not.
     */
    advanceCursors: (receivers: ReadonlyArray<Pick<ReceiverRow, 'id' | 'cursor'>>) => sql`
      UPDATE clients AS client SET events_from = to_timestamp(next.seconds::float8)
      FROM unnest(
        ${receivers.map(({ id }) => id)}::text[], ${receivers.map(({ cursor }) => String(cursor / 1e6))}::text[]
      ) AS next (id, seconds)
      WHERE client.id = next.id AND client.events_from < to_timestamp(next.seconds::float8 - ${commitMarginSeconds})`,

    /** An acknowledgement is younger than its event, so one from before the cursor is for an event before it. */
    deleteBehindCursors: () => sql`
      DELETE FROM event_acknowledgements AS acknowledged USING clients AS client
      WHERE acknowledged.client_id = client.id AND acknowledged.at < client.events_from`
  }
}

/** Of names that a partner acknowledges, those that can be ids: it may send anything. */
export const idsAmong = (names: readonly string[]): string[] => names.filter(isUuid)
