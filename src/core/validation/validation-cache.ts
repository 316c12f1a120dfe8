import { LRUCache } from 'lru-cache'
import type { RevocationNotices } from '../revocations/revocation-notices.js'

export interface ValidationCacheNeeds {
  revocations: Pick<RevocationNotices, 'subscribe'>
  /** Whether the revocation feed is current, so that every change of another process is known within a second. */
  feed: { isCurrent: boolean }
  /** Seconds; 0 turns the cache off. */
  ttl: number
  /** Answers kept at most; the least recently used are evicted first. */
  maxTokens: number
  /** Milliseconds since 1970. */
  now: () => number
}

/** A cached validation: the token's session and account, and the result. */
export interface CacheValue {
  accountId: string
  sessionId: string
  /** Seconds since 1970. */
  exp: number
}

/** A revocation must take effect everywhere within this time, also while the revocation feed is not current. */
const staleFeedTtlSeconds = 1

const maxInvalidations = 100_000

/** When a value began to be read. */
export interface Snapshot {
  /** Notices received until then. */
  version: number
  /** Milliseconds since 1970. */
  time: number
}

interface Entry<Value> extends Snapshot {
  value: Value
}

/**
 * Caches results by the token's digest, bounded in number and time, never past the token's end.
 *
 * A notice is kept as long as any answer can be older than it, and an answer counts only if it began to be read
 * after the last notice about its session or account. So a read that was under way when a notice came never
 * counts, even if it is cached afterwards.
 */
export function createValidationCache<Value extends CacheValue> (needs: ValidationCacheNeeds) {
  const { revocations, feed, ttl, maxTokens, now } = needs
  const entries = new LRUCache<string, Entry<Value>>({ max: maxTokens })
  const invalidatedAt = new LRUCache<string, number>({
    max: maxInvalidations,
    // A notice that is evicted early invalidates every result that it may have concerned.
    disposeAfter: (readAt, _, reason) => { if (reason === 'evict') minimumVersion = Math.max(minimumVersion, readAt) }
  })
  let version = 0
  let minimumVersion = 0

  revocations.subscribe(notice => {
    version += 1
    if (notice === 'flush') minimumVersion = version
    else invalidatedAt.set(notice.sessionId ?? notice.accountId, version)
  })

  return {
    /** To be taken before a value is read, and given with it to `set`. */
    snapshot: (): Snapshot => ({ version, time: now() }),

    get (digest: string): Value | undefined {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      const { value, version: readAfter, time: readAt } = entry
      const lastNotice = Math.max(
        minimumVersion, invalidatedAt.get(value.sessionId) ?? 0, invalidatedAt.get(value.accountId) ?? 0)
      const time = now()
      const age = time - readAt
      // A clock that was set back must not keep an answer longer.
      const longest = feed.isCurrent ? ttl : Math.min(ttl, staleFeedTtlSeconds)
      if (lastNotice <= readAfter && age >= 0 && age < longest * 1000 && time < value.exp * 1000) return value
      entries.delete(digest)
      return undefined
    },

    set (digest: string, value: Value, snapshot: Snapshot): void {
      if (ttl > 0) entries.set(digest, { value, ...snapshot })
    },

    get size (): number {
      return entries.size
    }
  }
}
