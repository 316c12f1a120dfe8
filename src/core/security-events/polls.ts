import { setTimeout as delay } from 'node:timers/promises'
import { ignore } from '../../db/errors.js'
import { AuthError } from '../errors.js'
import type { Client } from '../partners/clients.js'
import type { createChanges } from './changes.js'
import { idsAmong, type createEventStatements } from './event-statements.js'
import type { EventTokens } from './event-tokens.js'
import type { StreamsOf } from './streams.js'

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

export interface PollsNeeds {
  statements: ReturnType<typeof createEventStatements>
  streamOf: StreamsOf
  changes: ReturnType<typeof createChanges>
  eventTokens: EventTokens
}

const maxPollMs = 10_000

/**
 * Milliseconds from one look that found nothing to the next: changes that concern no partner wake polls too. With the
 * interval of the revocation feed, it fits well within the second in which a partner must be notified.
 */
const minPauseMs = 250

/** Of one client in each process: enough for its replicas, few enough for the connections to the database. */
const maxWaitingPolls = 4

/** Answers polls for events: at least once, until they are acknowledged. */
export function createPolls ({ statements, streamOf, changes, eventTokens }: PollsNeeds) {
  /** Polls that wait, by the client. */
  const waiting = new Map<string, number>()

  async function look (client: Client, maxEvents: number): Promise<EventPage> {
    const [rows, verification] = await Promise.all([
      statements.selectUnacknowledged(client.id, maxEvents + 1), streamOf(client).pendingVerification()
    ])
    const verifications = verification === null ? [] : [eventTokens.ofVerification(client, verification)]
    const events = [...verifications, ...rows.map(row => eventTokens.ofEvent(client, row))]
    return {
      sets: Object.fromEntries(events.slice(0, maxEvents).map(({ id, sign }) => [id, sign()])),
      moreAvailable: events.length > maxEvents
    }
  }

  const isEmpty = ({ sets, moreAvailable }: EventPage) => Object.keys(sets).length === 0 && !moreAvailable

  async function acknowledge (client: Client, names: readonly string[]): Promise<void> {
    const ids = idsAmong(names)
    if (ids.length === 0) return
    await statements.acknowledge(client.id, ids)
    await streamOf(client).acknowledge(ids)
  }

  async function answer (client: Client, { maxEvents, acknowledged, signal }: EventPoll, maxWaitMs: number) {
    await acknowledge(client, acknowledged)
    const deadline = performance.now() + maxWaitMs
    let since = changes.count
    let page = await look(client, maxEvents)
    while (isEmpty(page) && !signal.aborted) {
      const isChanged = await changes.next({ since, maxMs: Math.max(0, deadline - performance.now()), signal })
      // The next poll looks again, so nothing is missed.
      if (!isChanged || performance.now() >= deadline) break
      since = changes.count
      page = await look(client, maxEvents)
      if (isEmpty(page)) await delay(minPauseMs, undefined, { signal }).catch(ignore)
    }
    return page
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
    }
  }
}
