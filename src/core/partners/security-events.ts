import { setTimeout as delay } from 'node:timers/promises'
import { auditEventKinds, type PartnerEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'
import { AuthError } from '../errors.js'
import { signJws } from '../keys/jws.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import type { Client } from './clients.js'
import { createSecurityEventStatements, type EventRow } from './security-event-statements.js'

/** The events' claims besides the time (OpenID CAEP 1.0, sections 3.1 and 3.3). */
const eventTypes = {
  'session-revoked': {
    type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    details: (event: PartnerEvent) => ({ initiating_entity: auditEventKinds[event].initiatedBy })
  },
  'credential-change': {
    type: 'https://schemas.openid.net/secevent/caep/event-type/credential-change',
    details: () => ({ credential_type: 'password', change_type: 'update' })
  }
} as const

/** A partner's poll request (RFC 8936 2.4). */
export interface EventPoll {
  maxEvents: number
  returnImmediately: boolean
  /** The ids of events that it has processed, or cannot process. */
  acknowledged: readonly string[]
  /** Ends the waiting early. */
  signal: AbortSignal
}

export interface EventPage {
  /** Signed events (RFC 8417) by their id. */
  sets: Record<string, string>
  moreAvailable: boolean
}

export interface SecurityEventsNeeds {
  sql: Pool
  keys: Pick<SigningKeys, 'current'>
  issuer: string
  /** The longest lifetime of an access token, in seconds; an older event concerns no token that is still valid. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

const maxPollMs = 10_000
/** Two polls fit well within the second in which a partner must be notified. */
const pollIntervalMs = 250
/** Of one client in each process: enough for its replicas, few enough for the connections to the database. */
const maxWaitingPolls = 4

/** Delivers events about ended sessions to partners, at least once, until they are acknowledged. */
export function createSecurityEvents ({ sql, keys, issuer, maxTokenLifetime, now }: SecurityEventsNeeds) {
  const statements = createSecurityEventStatements(sql, maxTokenLifetime)
  /** Polls that wait, by the client. */
  const waiting = new Map<string, number>()

  /** A security event token; its subject is the session, or the account with all its sessions (RFC 9493 3.2, 3.3). */
  function toToken (client: Client, { id, event, accountId, sessionId, at }: EventRow): string {
    const { partnerEvent } = auditEventKinds[event]
    const { type, details } = eventTypes[partnerEvent]
    const user = { format: 'iss_sub', iss: issuer, sub: accountId }
    const session = { format: 'opaque', id: sessionId }
    const isOfSession = sessionId !== null && partnerEvent === 'session-revoked'
    return signJws(keys.current(), {
      iss: issuer,
      aud: client.audience,
      iat: Math.floor(now() / 1000),
      jti: id,
      sub_id: isOfSession ? { format: 'complex', user, session } : user,
      events: { [type]: { event_timestamp: at, ...details(event) } }
    }, 'secevent+jwt')
  }

  async function answer (client: Client, { maxEvents, acknowledged, signal }: EventPoll, maxWaitMs: number) {
    await statements.acknowledge(client.id, acknowledged)
    const deadline = performance.now() + maxWaitMs
    let rows = await statements.selectUnacknowledged(client.id, maxEvents + 1)
    while (rows.length === 0 && performance.now() < deadline && !signal.aborted) {
      await delay(pollIntervalMs, undefined, { signal }).catch(() => {})
      rows = await statements.selectUnacknowledged(client.id, maxEvents + 1)
    }
    const page = rows.slice(0, maxEvents)
    return {
      sets: Object.fromEntries(page.map(row => [row.id, toToken(client, row)])),
      moreAvailable: rows.length > maxEvents
    }
  }

  return {
    /**
     * Acknowledges, then returns the client's unacknowledged events, after waiting for one unless it must not wait.
     * @throws AuthError `too_many_polls` when too many of the client wait already
     */
    async poll (client: Client, poll: EventPoll): Promise<EventPage> {
      if (poll.maxEvents === 0 || poll.returnImmediately) return answer(client, poll, 0)
      const others = waiting.get(client.id) ?? 0
      if (others >= maxWaitingPolls) throw new AuthError('too_many_polls', { retryAfter: 1 })
      waiting.set(client.id, others + 1)
      try {
        return await answer(client, poll, maxPollMs)
      } finally {
        waiting.set(client.id, Number(waiting.get(client.id)) - 1)
      }
    },

    /** Advances each client's cursor to its first unacknowledged event, so that a poll reads few rows. */
    async compactAcknowledged (): Promise<void> {
      for (const { id } of await statements.selectClientIds()) {
        const [next] = await statements.selectNextCursor(id)
        await statements.advanceCursor(id, next)
      }
      await statements.deleteBehindCursors()
    }
  }
}
