import type { Doorbell } from './notifier.js'

/** News that a session, or everything of an account, is no longer what a cache may remember of it. */
export interface RevocationNotice {
  accountId: string
  /** Absent when the account itself or all its sessions changed. */
  sessionId?: string
}

type Listener = (notice: RevocationNotice | 'everything') => void

export type Revocations = ReturnType<typeof createRevocations>

/**
 * Tells this process's caches what has ended or changed: what the process itself does, at once, and what others do,
 * when the feed has heard of it (revocation-feed.ts).
 */
export function createRevocations ({ doorbell }: { doorbell: Pick<Doorbell, 'ring'> }) {
  const listeners: Listener[] = []

  function tell (notice: RevocationNotice | 'everything'): void {
    for (const listener of listeners) listener(notice)
  }

  return {
    subscribe (listener: Listener): void {
      listeners.push(listener)
    },

    /** Passes on what another process has done; `everything` when it cannot be known what. */
    tell,

    /** Called when a change of this process is committed. */
    publish (notice: RevocationNotice): void {
      tell(notice)
      doorbell.ring()
    }
  }
}
