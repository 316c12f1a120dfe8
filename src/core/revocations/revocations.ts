import type { Notifier } from './notifier.js'

/** News that a session, or everything of an account, is no longer what a cache may remember of it. */
export interface RevocationNotice {
  accountId: string
  /** Absent when the account itself or all its sessions changed. */
  sessionId?: string
}

type Listener = (notice: RevocationNotice | 'flush') => void

export type Revocations = ReturnType<typeof createRevocations>

/**
 * Tells this process's caches what has ended or changed: what the process itself does, at once, and what others do,
 * when the feed has heard of it (revocation-feed.ts).
 */
export function createRevocations ({ notifier }: { notifier: Pick<Notifier, 'notify'> }) {
  const listeners: Listener[] = []

  function applyRemote (notice: RevocationNotice | 'flush'): void {
    for (const listener of listeners) listener(notice)
  }

  return {
    subscribe (listener: Listener): void {
      listeners.push(listener)
    },

    /** Passes on what another process has done; `flush` when it cannot be known what. */
    applyRemote,

    /** Called when a change of this process is committed. */
    publish (notice: RevocationNotice): void {
      applyRemote(notice)
      notifier.notify()
    }
  }
}
