import type { createEventStatements } from './event-statements.js'

/** How far clients are behind, and what they have acknowledged for good. */
export function createFeedLag (statements: ReturnType<typeof createEventStatements>) {
  let lags: ReadonlyMap<string, number> = new Map()

  return {
    /** Advances each client's cursor to its first unacknowledged event, so that a poll reads few rows. */
    async compactAcknowledged (this: void): Promise<void> {
      const receivers = await statements.selectReceivers()
      await statements.advanceCursors(receivers)
      await statements.deleteBehindCursors()
      lags = new Map(receivers.map(({ id, lag }) => [id, lag]))
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
