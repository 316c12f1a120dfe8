import { setTimeout as delay } from 'node:timers/promises'
import { openConnection } from './http-connection.js'
import type { Request } from './http-load.js'

/** What requests at a steady pace met with. */
export interface Paced {
  /** Milliseconds, of those that were answered as they should be. */
  latencies: number[]
  failed: number
}

/**
 * Makes requests with a pause of so many milliseconds after each answer, over a connection for each, until the signal
 * comes. A failure is counted, and the next request takes a new connection.
 */
export async function paced (
  port: number, requests: readonly Request[], pauseMs: number, until: AbortSignal
): Promise<Paced> {
  const seen: Paced = { latencies: [], failed: 0 }
  await Promise.all(requests.map(async request => {
    let connection = await openConnection(port)
    while (!until.aborted) {
      const start = performance.now()
      try {
        await request(connection)
        seen.latencies.push(performance.now() - start)
      } catch {
        seen.failed += 1
        connection.close()
        connection = await openConnection(port)
      }
      await delay(pauseMs)
    }
    connection.close()
  }))
  return seen
}
