import type { Sql } from 'postgres'
import { isCacheInvalidatingEvent } from '../../db/audit-events.js'
import type { Notifier } from './notifier.js'
import type { Revocations } from './revocations.js'

export interface RevocationFeedNeeds {
  sql: Sql
  revocations: Revocations
  notifier: Notifier
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type RevocationFeed = ReturnType<typeof createRevocationFeed>

interface NoticeRow {
  id: string
  accountId: string
  sessionId: string | null
}

/** Between two looks when nobody rings. Two of them, and a slow answer, fit into the time that silence is trusted. */
const pollIntervalMs = 300

/** However often somebody rings. */
const debounceMs = 20

/** Whoever has not looked for this long may have missed the last second, and must not rely on what it remembers. */
const maxAgeMs = 1_000

/**
 * Seconds that a look goes back. A record appears when its statement commits, and carries the time before; no
 * statement runs longer than half of this.
 */
const overlapSeconds = 12

/**
 * Tells this process what other processes have ended or changed. The audit record is the feed: what ends a session is
 * on record by the same statement, so nothing that happened can be missed, whatever was lost on the way. A ring only
 * makes it sooner.
 */
export function createRevocationFeed ({ sql, revocations, notifier, now, onError }: RevocationFeedNeeds) {
  /** What the look before has seen. */
  let seenIds = new Set<string>()
  let lastPolledAt = -Infinity
  let polling: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let isPolling = false
  let notified = false
  let stopped = true

  async function poll (): Promise<void> {
    const began = now()
    const rows = await sql<NoticeRow[]>`
      SELECT id, account_id AS "accountId", session_id AS "sessionId" FROM audit_events
      WHERE at > clock_timestamp() - make_interval(secs => ${overlapSeconds})
        AND ${sql.unsafe(isCacheInvalidatingEvent)}`
    // After so long a silence some of what happened is out of sight.
    if (began - lastPolledAt > overlapSeconds * 1000 / 2) revocations.applyRemote('flush')
    for (const { accountId, sessionId } of rows.filter(({ id }) => !seenIds.has(id))) {
      revocations.applyRemote({ accountId, ...(sessionId !== null && { sessionId }) })
    }
    seenIds = new Set(rows.map(({ id }) => id))
    lastPolledAt = began
  }

  function schedulePoll (milliseconds: number): void {
    if (stopped) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => {
      isPolling = true
      notified = false
      polling = poll().catch(onError).finally(() => {
        isPolling = false
        schedulePoll(notified ? debounceMs : pollIntervalMs)
      })
    }, milliseconds).unref()
  }

  return {
    start (): void {
      stopped = false
      schedulePoll(0)
      notifier.onNotify(() => {
        // However many ring, the look that the first one asked for is not put off.
        if (!isPolling && !notified) schedulePoll(debounceMs)
        notified = true
      })
    },

    /** Whether everything is known here that was committed a second ago. */
    get isCurrent (): boolean {
      const age = now() - lastPolledAt
      return age >= 0 && age < maxAgeMs
    },

    /** Waits for the look under way. */
    async stop (): Promise<void> {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await polling
    }
  }
}
