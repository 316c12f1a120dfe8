import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { isPartnerEvent, type partnerEvents } from '../../db/audit-events.js'
import type { Client } from './clients.js'
import { signJws } from '../keys/jws.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { isUuid } from '../lib/uuid.js'

const sessionRevoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
const credentialChange = 'https://schemas.openid.net/secevent/caep/event-type/credential-change'

type PartnerEvent = typeof partnerEvents[number]

/** As what partners are told of a record (OpenID CAEP 1.0, sections 3.1 and 3.3). */
const eventTypes = {
  signed_out: { type: sessionRevoked, details: { initiating_entity: 'user' } },
  session_revoked: { type: sessionRevoked, details: { initiating_entity: 'admin' } },
  refresh_token_reused: { type: sessionRevoked, details: { initiating_entity: 'policy' } },
  account_disabled: { type: sessionRevoked, details: { initiating_entity: 'admin' } },
  account_deleted: { type: sessionRevoked, details: { initiating_entity: 'admin' } },
  password_changed: { type: credentialChange, details: { credential_type: 'password', change_type: 'update' } }
} as const satisfies Record<PartnerEvent, { type: string, details: object }>

/** What a partner asks for and says it has taken (RFC 8936 2.4). */
export interface EventPoll {
  maxEvents: number
  returnImmediately: boolean
  /** The names of events that were taken, or that it can do nothing with. */
  acknowledged: readonly string[]
  /** Ends the waiting early. */
  signal: AbortSignal
}

export interface EventPage {
  /** Signed events (RFC 8417) by their name. */
  sets: Record<string, string>
  moreAvailable: boolean
}

interface EventRow {
  id: string
  event: PartnerEvent
  accountId: string
  sessionId: string | null
  at: number
}

export interface SecurityEventsNeeds {
  sql: Sql
  keys: Pick<SigningKeys, 'current'>
  issuer: string
  /** Seconds the longest access token lives; an older event speaks of no living token. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

const maxPollMs = 10_000
/** Two looks in a row are well within the second in which a partner must know. */
const pollIntervalMs = 250

/** Seconds within which a statement has committed, many times over, so that no older event can still appear. */
const surelyCommitted = 60

/** Tells partners what has ended, at least once, until they say that they have it. */
export function createSecurityEvents ({ sql, keys, issuer, maxTokenLifetime, now }: SecurityEventsNeeds) {
  async function acknowledge (client: Client, names: readonly string[]): Promise<void> {
    const eventIds = names.filter(isUuid)
    if (eventIds.length === 0) return
    await sql`
      INSERT INTO event_acknowledgements (client_id, event_id)
      SELECT ${client.id}, value::uuid FROM jsonb_array_elements_text(${JSON.stringify(eventIds)}::text::jsonb)
      ON CONFLICT DO NOTHING`
  }

  const isTold = () => sql.unsafe(isPartnerEvent)
  const oldestTold = () => sql`clock_timestamp() - make_interval(secs => ${maxTokenLifetime})`
  const isUnsettled = () => sql`NOT EXISTS (
    SELECT FROM event_acknowledgements AS settled
    WHERE settled.client_id = client.id AND settled.event_id = event.id
  )`

  /**
   * An event appears when its statement commits, perhaps after a younger one: it is found by its absence from what
   * was settled, and never by its place in a sequence.
   */
  function unacknowledged (client: Client, limit: number): Promise<EventRow[]> {
    return sql<EventRow[]>`
      SELECT event.id, event.event, event.account_id AS "accountId", event.session_id AS "sessionId",
        floor(extract(epoch FROM event.at))::float8 AS at
      FROM clients AS client JOIN audit_events AS event ON event.at >= greatest(client.events_from, ${oldestTold()})
      WHERE client.id = ${client.id} AND ${isTold()} AND ${isUnsettled()}
      ORDER BY event.at, event.id LIMIT ${limit}`
  }

  /** A security event token; its subject is the session, or the account with all its sessions (RFC 9493 3.2, 3.3). */
  function toToken (client: Client, { id, event, accountId, sessionId, at }: EventRow): string {
    const { type, details } = eventTypes[event]
    const user = { format: 'iss_sub', iss: issuer, sub: accountId }
    const session = { format: 'opaque', id: sessionId }
    return signJws(keys.current(), {
      iss: issuer,
      aud: client.audience,
      iat: Math.floor(now() / 1000),
      jti: id,
      sub_id: sessionId === null || type === credentialChange ? user : { format: 'complex', user, session },
      events: { [type]: { event_timestamp: at, ...details } }
    }, 'secevent+jwt')
  }

  return {
    /** Settles what the partner names, and waits a while for something to tell, unless it must not wait. */
    async poll (client: Client, { maxEvents, returnImmediately, acknowledged, signal }: EventPoll): Promise<EventPage> {
      await acknowledge(client, acknowledged)
      const waits = maxEvents > 0 && !returnImmediately
      const deadline = performance.now() + (waits ? maxPollMs : 0)
      let rows = await unacknowledged(client, maxEvents + 1)
      while (rows.length === 0 && performance.now() < deadline && !signal.aborted) {
        await delay(pollIntervalMs, undefined, { signal }).catch(() => {})
        rows = await unacknowledged(client, maxEvents + 1)
      }
      const page = rows.slice(0, maxEvents)
      return {
        sets: Object.fromEntries(page.map(row => [row.id, toToken(client, row)])),
        moreAvailable: rows.length > maxEvents
      }
    },

    /** Moves every client's beginning up to its first event that is not settled, so that a poll reads few. */
    async compactAcknowledged (): Promise<void> {
      await sql`
        UPDATE clients SET events_from = next.at
        FROM (
          SELECT client.id, coalesce((
            SELECT event.at FROM audit_events AS event
            WHERE event.at >= greatest(client.events_from, ${oldestTold()}) AND event.at < sure.at
              AND ${isTold()} AND ${isUnsettled()}
            ORDER BY event.at LIMIT 1
          ), sure.at) AS at
          FROM clients AS client,
            (SELECT clock_timestamp() - make_interval(secs => ${surelyCommitted}) AS at) AS sure
        ) AS next
        WHERE clients.id = next.id AND clients.events_from < next.at`
      // Given after its event, so what was given before the beginning is for an event before it.
      await sql`
        DELETE FROM event_acknowledgements AS settled USING clients AS client
        WHERE settled.client_id = client.id AND settled.at < client.events_from`
    }
  }
}
