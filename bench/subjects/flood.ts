import { constants, setPriority } from 'node:os'
import { closedLoop } from '../harness/closed-loop.js'
import { openConnection } from '../harness/http-connection.js'

/*
 * A process of its own: many clients that sign in with names nobody has, each from a network of its own, and try again
 * at once when they are refused. What they saw is its last message.
 */

export interface FloodNeeds {
  port: number
  clients: number
  seconds: number
}

export interface FloodReport {
  /** How often each status was answered. */
  statuses: Record<string, number>
  /** Milliseconds until each 503. */
  refusedAfter: Float64Array
}

// Attackers have machines of their own; here they take no turn of those who measure.
setPriority(constants.priority.PRIORITY_LOW)

const { port, clients, seconds } = JSON.parse(process.argv[2] ?? '') as FloodNeeds
const statuses: Record<string, number> = {}
const refusedAfter: number[] = []

const workers = await Promise.all(Array.from({ length: clients }, async (_, number) => {
  const connection = await openConnection(port)
  const body = JSON.stringify({ email: `nobody${number}@example.com`, password: 'not the password' })
  const address = `x-forwarded-for: 198.18.${number >> 8}.${number & 255}`
  return async () => {
    const start = performance.now()
    const status = await connection.statusOf('/api/auth/login', body, address)
    statuses[status] = (statuses[status] ?? 0) + 1
    if (status === 503) refusedAfter.push(performance.now() - start)
  }
}))
await closedLoop(workers, seconds)
process.send?.({ statuses, refusedAfter: Float64Array.from(refusedAfter) } satisfies FloodReport)
process.on('disconnect', () => process.exit())
