import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { openBackend } from '../backend.js'
import { isLoopback } from '../config/loopback.js'
import type { Settings } from '../config/settings.js'
import type { ContractName } from '../contracts/index.js'
import type { Core } from '../core/index.js'
import type { Tracing } from '../tracing.js'
import type { Listening } from './front-page.js'
import { listen } from './listen.js'
import { buildListener } from './listener.js'
import { createRequestCounts } from './plugins/rate-limit.js'
import { createRequestDurations } from './request-durations.js'

export interface ServerNeeds {
  settings: Settings
  log: Logger
  /** Milliseconds since 1970. */
  now: () => number
  /** Where there is one, `startTracing` was called before. */
  tracing?: Tracing | undefined
}

/** A running server. */
export interface Server {
  core: Core
  /** Resolves when the database answered, the schema is there and the keys are read. */
  ready: Promise<void>
  /** Where it listens, in the order of LISTEN. */
  listeners: readonly Listening[]
  /** The URLs of the listeners. */
  addresses: string[]
  /** Lets requests under way finish, writes what is pending, closes the database. */
  stop (): Promise<void>
}

/**
 * Starts every listener of LISTEN. They answer at once, with 503 until the database is there.
 * @throws RouteConflict, or an Error that names the entry when a port cannot be opened; nothing is left running then
 */
export async function startServer ({ settings, log, now, tracing }: ServerNeeds): Promise<Server> {
  const backend = await openBackend({ settings, serves: true, log, now, onStatement: tracing?.onStatement })
  const apps: FastifyInstance[] = []
  const listeners: Listening[] = []
  const requestCounts = createRequestCounts(backend.redis)
  const requestDurations = createRequestDurations()

  async function stop (): Promise<void> {
    await Promise.all(apps.map(app => app.close()))
    await backend.close()
    await tracing?.stop()
  }

  try {
    for (const address of settings.listen) {
      const { contracts } = address
      const app = await buildListener({
        // The settings were checked against the table of contracts.
        contracts: contracts as [ContractName, ...ContractName[]],
        isLoopback: isLoopback(address.host),
        listeners,
        core: backend.core,
        requestCounts,
        requestDurations,
        settings,
        now,
        log: log.child({ contracts }),
        trustProxy: settings.trustProxy
      })
      apps.push(app)
      listeners.push({ url: await listen(app, address), contracts })
    }
    const addresses = listeners.map(({ url }) => url)
    return { core: backend.core, ready: backend.prepareEventually(), listeners, addresses, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
