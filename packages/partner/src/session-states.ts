import { LRUCache } from 'lru-cache'

/** What is known of sessions: that one was live when the issuer was asked, or that it has ended, which it stays. */
export interface SessionStatesOptions {
  /** Sessions that are known to be live at most; of another one the issuer is asked again. */
  maxLive?: number
  /** Sessions that are known to have ended at most. */
  maxEnded?: number
}

const defaultMaxLive = 100_000
const defaultMaxEnded = 1_000_000

/**
 * Keyed by the session. Forgetting is safe: of a session that is neither known to be live nor to have ended, the issuer
 * is asked. So what has ended is kept in two sets, of which the older one is dropped when the younger is full.
 */
export function createSessionStates (options: SessionStatesOptions = {}) {
  const { maxLive = defaultMaxLive, maxEnded = defaultMaxEnded } = options
  /** With the account of each. */
  const live = new LRUCache<string, string>({ max: maxLive })
  let young = new Set<string>()
  let old = new Set<string>()

  return {
    isLive: (session: string): boolean => live.has(session),

    isEnded (session: string): boolean {
      const key = packed(session)
      return young.has(key) || old.has(key)
    },

    markLive (session: string, account: string): void {
      live.set(session, account)
    },

    markEnded (session: string): void {
      live.delete(session)
      if (young.size >= maxEnded / 2) {
        old = young
        young = new Set()
      }
      young.add(packed(session))
    },

    /** Of these sessions the issuer is asked again. @returns how many they are */
    forgetAccount (account: string): void {
      for (const [session, owner] of live.entries()) if (owner === account) live.delete(session)
    }
  }
}

/** A UUID in 16 characters instead of 36: a million of them stay in memory. */
function packed (session: string): string {
  const hex = session.replaceAll('-', '')
  return /^[0-9a-f]{32}$/i.test(hex) ? Buffer.from(hex, 'hex').toString('latin1') : session
}
