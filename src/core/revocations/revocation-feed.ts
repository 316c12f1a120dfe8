import type { Sql } from 'postgres'
import { isNoticedEvent } from '../../db/audit-events.js'
import type { Doorbell } from './notifier.js'
import type { Revocations } from './revocations.js'

export interface RevocationFeedNeeds {
  sql: Sql
  revocations: Revocations
  doorbell: Doorbell
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
const lookEveryMs = 300

/** However often somebody rings. */
const restMs = 20

/** Whoever has not looked for this long may have missed the last second, and must not rely on what it remembers. */
const trustMs = 1_000

/**
 * Seconds that a look goes back. A record appears when its statement commits, and carries the time before; no
 * statement runs longer than half of this.
 */
const lookBack = 12

/**
 * Tells this process what other processes have ended or changed. The audit record is the feed: what ends a session is
 * on record by the same statement, so nothing that happened can be missed, whatever was lost on the way. A ring only
 * makes it sooner.
 */
export function createRevocationFeed ({ sql, revocations, doorbell, now, onError }: RevocationFeedNeeds) {
  /** What the look before has seen. */
  let told = new Set<string>()
  let heardAt = -Infinity
  let looking: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let isLooking = false
  let rung = false
  let stopped = true

  async function look (): Promise<void> {
    const began = now()
    const rows = await sql<NoticeRow[]>`
      SELECT id, account_id AS "accountId", session_id AS "sessionId" FROM audit_events
      WHERE at > clock_timestamp() - make_interval(secs => ${lookBack}) AND ${sql.unsafe(isNoticedEvent)}`
    // After so long a silence some of what happened is out of sight.
    if (began - heardAt > lookBack * 1000 / 2) revocations.tell('everything')
    for (const { accountId, sessionId } of rows.filter(({ id }) => !told.has(id))) {
      revocations.tell({ accountId, ...(sessionId !== null && { sessionId }) })
    }
    told = new Set(rows.map(({ id }) => id))
    heardAt = began
  }

  function lookIn (milliseconds: number): void {
    if (stopped) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => {
      isLooking = true
      rung = false
      looking = look().catch(onError).finally(() => {
        isLooking = false
        lookIn(rung ? restMs : lookEveryMs)
      })
    }, milliseconds).unref()
  }

  return {
    start (): void {
      stopped = false
      lookIn(0)
      doorbell.listen(() => {
        // However many ring, the look that the first one asked for is not put off.
        if (!isLooking && !rung) lookIn(restMs)
        rung = true
      })
    },

    /** Whether everything is known here that was committed a second ago. */
    get isHeard (): boolean {
      const age = now() - heardAt
      return age >= 0 && age < trustMs
    },

    /** Waits for the look under way. */
    async stop (): Promise<void> {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await looking
    }
  }
}
