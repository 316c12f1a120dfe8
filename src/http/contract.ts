import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import type { Core } from '../core/index.js'
import type { Failure } from './failure.js'

/** What a contract's routes may need besides the core. */
export interface ContractSettings {
  ACCESS_TOKEN_TTL: number
  VALIDATION_CACHE_TTL: number
  PUBLIC_URL: string
  CORS_ORIGIN: readonly string[]
  COOKIE_SECURE: boolean
  RATE_LIMIT_MAX: number
  RATE_LIMIT_WINDOW: number
}

export interface ContractOptions {
  core: Core
  log: FastifyBaseLogger
  settings: ContractSettings
  /** Milliseconds since 1970. */
  now: () => number
}

export interface RenderedFailure {
  status: number
  body: object
}

/** One wire dialect: its routes, and how it says no. */
export interface Contract {
  routes: FastifyPluginAsync<ContractOptions>
  /** Says no in the contract's own words; also used for what belongs to no route. */
  render (failure: Failure): RenderedFailure
  description: string
  /** Where its clients may put an access token: in the bearer header, in the cookies of these names. */
  credentials: ReadonlyArray<'bearer' | `cookie ${string}`>
}
