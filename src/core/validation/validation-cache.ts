import { LRUCache } from 'lru-cache'
import type { Revocations } from '../revocations/revocations.js'

export interface ValidationCacheNeeds {
  revocations: Revocations
  /** Whether what other processes end is heard of within a second. */
  feed: { isHeard: boolean }
  /** Seconds; 0 turns the cache off. */
  ttl: number
  /** Answers kept at most; the ones asked for least recently go first. */
  maxTokens: number
  /** Milliseconds since 1970. */
  now: () => number
}

/** What is remembered of a token: whose it is, and what to answer. */
export interface Remembered {
  accountId: string
  sessionId: string
  /** Seconds since 1970. */
  exp: number
}

/** Within so long a revocation must be known everywhere, also where it is not heard of. */
const longestUnheardSeconds = 1

const maxNotices = 100_000

/** When a value began to be read. */
export interface ReadMark {
  /** How many notices had come. */
  notices: number
  /** Milliseconds since 1970. */
  time: number
}

interface Entry<Value> extends ReadMark {
  value: Value
}

/**
 * Remembers answers by the token's digest, bounded in number and time, never past the token's end.
 *
 * A notice is kept as long as any answer can be older than it, and an answer counts only if it began to be read
 * after the last notice about its session or account. So a read that was under way when a notice came never
 * counts, even if it is remembered afterwards.
 */
export function createValidationCache<Value extends Remembered> (needs: ValidationCacheNeeds) {
  const { revocations, feed, ttl, maxTokens, now } = needs
  const entries = new LRUCache<string, Entry<Value>>({ max: maxTokens })
  const noticed = new LRUCache<string, number>({
    max: maxNotices,
    // A notice pushed out early takes every answer with it that it might have spoken of.
    disposeAfter: (readAt, _, reason) => { if (reason === 'evict') oldestTrusted = Math.max(oldestTrusted, readAt) }
  })
  let notices = 0
  let oldestTrusted = 0

  revocations.subscribe(notice => {
    notices += 1
    if (notice === 'everything') oldestTrusted = notices
    else noticed.set(notice.sessionId ?? notice.accountId, notices)
  })

  return {
    /** To be taken before a value is read, and given with it to `set`. */
    readMark: (): ReadMark => ({ notices, time: now() }),

    get (digest: string): Value | undefined {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      const { value, notices: readAfter, time: readAt } = entry
      const lastNotice = Math.max(
        oldestTrusted, noticed.get(value.sessionId) ?? 0, noticed.get(value.accountId) ?? 0)
      const time = now()
      const age = time - readAt
      // A clock that was set back must not keep an answer longer.
      const longest = feed.isHeard ? ttl : Math.min(ttl, longestUnheardSeconds)
      if (lastNotice <= readAfter && age >= 0 && age < longest * 1000 && time < value.exp * 1000) return value
      entries.delete(digest)
      return undefined
    },

    set (digest: string, value: Value, mark: ReadMark): void {
      if (ttl > 0) entries.set(digest, { value, notices: mark.notices, time: mark.time })
    },

    get size (): number {
      return entries.size
    }
  }
}
