import { settings } from './settings.js'

/** Makes one request and resolves with its answer; a bad answer is an error. */
export type Worker = () => Promise<void>

/** What a closed loop saw. */
export interface Sample {
  /** From the first request to the last answer. */
  seconds: number
  /** Milliseconds, one for each request. */
  latencies: Float64Array
}

/**
 * Lets every worker make one request after another until the time or the number is up, and waits for all answers:
 * every request that cost the server something is counted, and so is its time.
 */
export async function closedLoop (
  workers: readonly Worker[], seconds: number, most: number = settings.mostRequestsPerRound
): Promise<Sample> {
  const latencies: number[] = []
  let sent = 0
  const start = performance.now()
  const deadline = start + seconds * 1000

  await Promise.all(workers.map(async work => {
    for (let now = performance.now(); now < deadline && sent < most;) {
      sent += 1
      await work()
      const answeredAt = performance.now()
      latencies.push(answeredAt - now)
      now = answeredAt
    }
  }))
  return { seconds: (performance.now() - start) / 1000, latencies: Float64Array.from(latencies) }
}
