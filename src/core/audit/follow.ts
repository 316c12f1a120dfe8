import { setTimeout as delay } from 'node:timers/promises'
import type { AuditQuery, AuditRecord } from './audit-log.js'

export type Followed = Omit<AuditQuery, 'limit' | 'after' | 'since' | 'until'>

export interface FollowNeeds {
  all: (wanted: Omit<AuditQuery, 'limit' | 'after'>) => AsyncIterable<AuditRecord>
  /** Milliseconds since 1970. */
  now: () => number
}

const pollMs = 1_000

/** A record appears when its statement is committed, which may be this long (milliseconds) after its time. */
const commitMarginMs = 10_000

/** Gives the records that appear from now on, each once, those of one look with the oldest first; never ends. */
export function createFollow ({ all, now }: FollowNeeds) {
  return async function * follow (wanted: Followed): AsyncGenerator<AuditRecord, never> {
    let seen: Set<string> | null = null
    for (;;) {
      const recent: AuditRecord[] = []
      for await (const record of all({ ...wanted, since: new Date(now() - 2 * commitMarginMs) })) recent.push(record)
      const before: Set<string> | null = seen
      if (before !== null) yield * recent.filter(({ id }) => !before.has(id)).reverse()
      seen = new Set(recent.map(({ id }) => id))
      await delay(pollMs)
    }
  }
}
