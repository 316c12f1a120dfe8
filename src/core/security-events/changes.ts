export interface Waiting {
  /** What was counted before that which is waited for was looked for. */
  since: number
  /** Milliseconds. */
  maxMs: number
  /** Ends the waiting early. */
  signal: AbortSignal
}

/** Wakes polls that wait, so that one which found nothing asks the database again only when something has changed. */
export function createChanges () {
  let count = 0
  const waiting = new Set<() => void>()

  return {
    /** Changes so far. */
    get count (): number {
      return count
    },

    /** Something changed that partners may have to know. */
    announce (this: void): void {
      count += 1
      for (const wake of waiting) wake()
    },

    /**
     * Resolves at the next change, at the end of the time, or when it is aborted; never rejects.
     * @returns whether something has changed since then
     */
    async next ({ since, maxMs, signal }: Waiting): Promise<boolean> {
      if (count === since && !signal.aborted) {
        await new Promise<void>(resolve => {
          const wake = () => {
            clearTimeout(timer)
            waiting.delete(wake)
            signal.removeEventListener('abort', wake)
            resolve()
          }
          const timer = setTimeout(wake, maxMs)
          waiting.add(wake)
          signal.addEventListener('abort', wake)
        })
      }
      return count !== since
    }
  }
}
