import type { Sample } from '../lib/outcomes.js'
import type { Notifier } from './notifier.js'

/** Cached data of a session, or of all of an account, is stale. */
export interface RevocationNotice {
  accountId: string
  /** Absent when the account itself or all its sessions changed. */
  sessionId?: string
}

/** `flush` when it cannot be known what changed. */
type Listener = (notice: RevocationNotice | 'flush') => void

export type RevocationNotices = ReturnType<typeof createRevocationNotices>

/**
 * Invalidates this process's caches: at once for changes of this process, and for changes of others when the feed has
 * read them (revocation-feed.ts).
 */
export function createRevocationNotices ({ notifier }: { notifier: Pick<Notifier, 'notify'> }) {
  const listeners: Listener[] = []
  const published = { session: 0, account: 0 }

  function applyRemote (notice: RevocationNotice | 'flush'): void {
    for (const listener of listeners) listener(notice)
  }

  return {
    subscribe (listener: Listener): void {
      listeners.push(listener)
    },

    /** Passes on a change that another process made. */
    applyRemote,

    /** Called when a change of this process is committed. */
    publish (notice: RevocationNotice): void {
      published[notice.sessionId === undefined ? 'account' : 'session'] += 1
      applyRemote(notice)
      notifier.notify()
    },

    /** Since the process began: ends of a session, and changes of an account or of all its sessions. */
    published: (): Sample[] => Object.entries(published).map(([of, value]) => ({ labels: { of }, value }))
  }
}
