import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { openBackend } from '../backend.js'
import type { Config } from '../config/environment.js'
import type { ContractName } from '../contracts/index.js'
import type { Core } from '../core/index.js'
import { buildListener } from './listener.js'

export interface ServerNeeds {
  config: Config
  log: Logger
  /** Milliseconds since 1970. */
  now: () => number
}

/** A running server. */
export interface Server {
  core: Core
  /** Resolves when the database answered, the schema is there and the keys are read. */
  ready: Promise<void>
  /** Where it listens, in the order of LISTEN. */
  addresses: string[]
  /** Lets requests under way finish, writes what is pending, closes the database. */
  stop (): Promise<void>
}

/**
 * Starts every listener of LISTEN. They answer at once, with 503 until the database is there.
 * @throws RouteConflict, or the system's error when a port is taken; nothing is left running then
 */
export async function startServer ({ config, log, now }: ServerNeeds): Promise<Server> {
  const backend = await openBackend({ config, serves: true, log, now })
  const listeners: FastifyInstance[] = []

  async function stop (): Promise<void> {
    await Promise.all(listeners.map(listener => listener.close()))
    await backend.close()
  }

  try {
    const addresses: string[] = []
    for (const { host, port, contracts } of config.LISTEN) {
      const listener = await buildListener({
        // The settings were checked against the table of contracts.
        contracts: contracts as [ContractName, ...ContractName[]],
        core: backend.core,
        redis: backend.redis,
        settings: config,
        now,
        log: log.child({ contracts }),
        trustProxy: config.TRUST_PROXY
      })
      listeners.push(listener)
      addresses.push(await listener.listen({ host, port }))
    }
    return { core: backend.core, ready: backend.prepareEventually(), addresses, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
