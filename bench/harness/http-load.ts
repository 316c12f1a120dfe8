import { closedLoop, type Sample, type Worker } from './closed-loop.js'
import { openConnection, type HttpConnection } from './http-connection.js'

/** Makes one request over the connection it is given; a bad answer is an error. */
export type Request = (connection: HttpConnection) => Promise<void>

/** Runs a closed loop of HTTP requests, each over a kept-alive connection of its own. */
export async function httpLoad (port: number, requests: readonly Request[], seconds: number): Promise<Sample> {
  const connections: HttpConnection[] = []
  try {
    const workers = await Promise.all(requests.map(async (request): Promise<Worker> => {
      const connection = await openConnection(port)
      connections.push(connection)
      return () => request(connection)
    }))
    return await closedLoop(workers, seconds)
  } finally {
    for (const connection of connections) connection.close()
  }
}
