import { LRUCache } from 'lru-cache'
import type { RevocationNotice, Revocations } from './revocations.js'

export interface ValidationCacheNeeds {
  revocations: Revocations
  /** Seconds; 0 turns the cache off. */
  ttl: number
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

const maxTokens = 100_000
const maxNotices = 100_000

interface Entry<Value> {
  value: Value
  /** How many notices had come when the value began to be read. */
  readAt: number
  staleAt: number
}

/**
 * Remembers answers by the token's digest, bounded in number and time, never past the token's end.
 *
 * A notice is kept as long as any answer can be older than it, and an answer counts only if it began to be read
 * after the last notice about its session or account. So a read that was under way when a notice came never
 * counts, even if it is remembered afterwards.
 */
export function createValidationCache<Value extends Remembered> ({ revocations, ttl, now }: ValidationCacheNeeds) {
  const entries = new LRUCache<string, Entry<Value>>({ max: maxTokens })
  const noticed = new LRUCache<string, number>({
    max: maxNotices,
    // A notice pushed out early takes every answer with it that it might have spoken of.
    disposeAfter: (readAt, _, reason) => { if (reason === 'evict') oldestTrusted = Math.max(oldestTrusted, readAt) }
  })
  let notices = 0
  let oldestTrusted = 0

  revocations.subscribe((notice: RevocationNotice) => {
    notices += 1
    noticed.set(notice.sessionId ?? notice.accountId, notices)
  })

  return {
    /** To be taken before a value is read, and given with it to `set`. */
    readMark: (): number => notices,

    get (digest: string): Value | undefined {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      const { value, readAt, staleAt } = entry
      const lastNotice = Math.max(
        oldestTrusted, noticed.get(value.sessionId) ?? 0, noticed.get(value.accountId) ?? 0)
      const milliseconds = now()
      if (lastNotice <= readAt && milliseconds < staleAt && milliseconds < value.exp * 1000) return value
      entries.delete(digest)
      return undefined
    },

    set (digest: string, value: Value, readAt: number): void {
      if (ttl > 0) entries.set(digest, { value, readAt, staleAt: now() + ttl * 1000 })
    },

    get size (): number {
      return entries.size
    }
  }
}
