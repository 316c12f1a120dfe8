/** News that a session, or everything of an account, is no longer what a cache may remember of it. */
export interface RevocationNotice {
  accountId: string
  /** Absent when the account itself or all its sessions changed. */
  sessionId?: string
}

export type Revocations = ReturnType<typeof createRevocations>

/**
 * Tells this process's caches what has ended or changed. It reaches one process: what another one may still
 * hold in its cache is bounded by that cache's lifetime (`longestUnheardSeconds`).
 */
export function createRevocations () {
  const listeners: Array<(notice: RevocationNotice) => void> = []
  return {
    subscribe (listener: (notice: RevocationNotice) => void): void {
      listeners.push(listener)
    },
    /** Called when the change is committed. */
    publish (notice: RevocationNotice): void {
      for (const listener of listeners) listener(notice)
    }
  }
}
