import type { createEventStatements } from './event-statements.js'

/** How far clients are behind, and what they have acknowledged for good. */
export function createFeedLag (statements: ReturnType<typeof createEventStatements>) {
  let lags: ReadonlyMap<string, number> = new Map()

  return {
    /** Advances each client's cursor to its first unacknowledged event, so that a poll reads few rows. */
    async compactAcknowledged (this: void): Promise<void> {
      const measured = new Map<string, number>()
      for (const { id, isReceiving } of await statements.selectReceivers()) {
        const [next] = await statements.selectNextCursor(id)
        await statements.advanceCursor(id, next)
        if (isReceiving) measured.set(id, next.lag)
      }
      await statements.deleteBehindCursors()
      lags = measured
    },

    /**
     * Seconds since the first event that a client has not acknowledged, when it was last looked at; 0 without one. Only
     * of clients that have acknowledged an event or have a stream: others may have no use for the grant.
     */
    get seconds (): ReadonlyMap<string, number> {
      return lags
    }
  }
}
