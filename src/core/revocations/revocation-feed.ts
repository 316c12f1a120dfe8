import { isCacheInvalidatingEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'
import type { auditEvents } from '../../db/schema.js'
import { createPeriodic } from '../lib/periodic.js'
import type { Notifier } from './notifier.js'
import type { RevocationNotices } from './revocation-notices.js'

export interface RevocationFeedNeeds {
  sql: Pool
  notices: RevocationNotices
  notifier: Notifier
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type RevocationFeed = ReturnType<typeof createRevocationFeed>

export type InvalidatingRecord = Pick<typeof auditEvents.$inferSelect, 'id' | 'accountId' | 'sessionId'>

/** Between polls without a notification. Two of them, and a slow answer, fit into `maxAgeMs`. */
const pollIntervalMs = 300

/** From a notification to its poll, so that a burst of them is one poll. */
const debounceMs = 20

/** If the last successful poll is older than this, cached validations must not be trusted. */
const maxAgeMs = 1_000

/**
 * Seconds that a poll reads back. A record becomes visible when its statement commits, and carries the time before; no
 * statement runs longer than half of this.
 */
const overlapSeconds = 12

/**
 * Reads the revocations and changes of other processes. The audit record is the feed (ADR 0010): what ends a session is
 * recorded by the same statement, so no message can be lost. A notification only makes the poll come sooner.
 */
export function createRevocationFeed ({ sql, notices, notifier, now, onError }: RevocationFeedNeeds) {
  /** The records of the previous poll. */
  let seenIds = new Set<string>()
  let lastPolledAt = -Infinity
  const polling = createPeriodic(poll, { intervalMs: pollIntervalMs, wakeDelayMs: debounceMs, onError })

  async function poll (): Promise<void> {
    const startedAt = now()
    const records = await selectInvalidatingRecords(sql, overlapSeconds)
    // After a longer gap some records are out of the window.
    if (startedAt - lastPolledAt > overlapSeconds * 1000 / 2) notices.applyRemote('flush')
    for (const { accountId, sessionId } of records.filter(({ id }) => !seenIds.has(id))) {
      notices.applyRemote({ accountId, ...(sessionId !== null && { sessionId }) })
    }
    seenIds = new Set(records.map(({ id }) => id))
    lastPolledAt = startedAt
  }

  return {
    start (): void {
      polling.start(0)
      notifier.onNotify(polling.wake)
    },

    /** Whether everything that was committed a second ago has been applied here. */
    get isCurrent (): boolean {
      const age = now() - lastPolledAt
      return age >= 0 && age < maxAgeMs
    },

    /** Waits for the poll under way. */
    stop: polling.stop
  }
}

/** Records of the last `seconds` that make cached validations stale. */
export function selectInvalidatingRecords (sql: Pool, seconds: number) {
  return sql<InvalidatingRecord[]>`
    SELECT id, account_id, session_id FROM audit_events
    WHERE at > now() - make_interval(secs => ${seconds}) AND ${sql.unsafe(isCacheInvalidatingEvent)}`
}
