import { closedLoop, type Sample, type Worker } from './closed-loop.js'
import { openConnection, type HttpConnection } from './http-connection.js'
import { settings } from './settings.js'

/** Makes one request over the connection it is given; a bad answer is an error. */
export type Request = (connection: HttpConnection) => Promise<void>

/**
 * Runs a closed loop of HTTP requests, each over a kept-alive connection of its own, for so many seconds and at most
 * so many requests.
 */
export async function httpLoad (
  port: number, requests: readonly Request[], seconds: number, most: number = settings.mostRequestsPerRound
): Promise<Sample> {
  const connections: HttpConnection[] = []
  try {
    const workers = await Promise.all(requests.map(async (request): Promise<Worker> => {
      const connection = await openConnection(port)
      connections.push(connection)
      return () => request(connection)
    }))
    return await closedLoop(workers, seconds, most)
  } finally {
    for (const connection of connections) connection.close()
  }
}
