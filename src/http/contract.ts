import type { TSchema } from '@sinclair/typebox'
import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import type { Core } from '../core/index.js'
import type { Failure, FailureCode } from './failure.js'

/** What a contract's routes may need besides the core. */
export interface ContractSettings {
  /** Keyturn's own origin. */
  issuer: string
  /** Seconds for which a validation may be cached. */
  validation: { cacheTtl: number }
  corsOrigins: readonly string[]
  secureCookies: boolean
  /** Before the names of cookies that no contract's document gives: `__Host-` or nothing. */
  cookiePrefix: '__Host-' | ''
  /** Whether contract `session` returns its token to pages of a browser too, which have it as a cookie. */
  sessionTokenInBody: 'always' | 'not-to-pages'
  /** Whether listeners serve their documentation. */
  apiDocs: 'on' | 'off'
  /** Connections to one listener. */
  maxConnections: number
  passwordRules: {
    /** Whether common passwords are refused only where no contract's document uses one, or everywhere. */
    blocklist: 'auto' | 'all'
    /** Characters of a password of contract `spa` at least. */
    spaMinLength: number
  }
  /** Requests of one address to password routes in so many seconds; a `max` of 0 turns the limit off. */
  rateLimit: { max: number, maxRegistrations: number, window: number }
  /** Whether the operator has pages of their own for what a mail opens. */
  hasOwnPages: boolean
  /** The address of the pages that links in mails open, without a slash at its end. */
  pagesUrl: string
  /** Whether the admin token counts on listeners that are open to other machines. */
  adminTokenAnywhere: boolean
  /** Whether anyone can make an account. */
  registration: 'open' | 'closed'
}

export interface ContractOptions {
  /** The contracts of the listener. */
  contracts: readonly string[]
  /** Whether only this machine can reach the listener. */
  isLoopback: boolean
  core: Core
  log: FastifyBaseLogger
  settings: ContractSettings
  /** Milliseconds since 1970. */
  now: () => number
  /** Metrics of the requests to all listeners of this process, in the text format of Prometheus. */
  requestMetrics: () => Promise<string>
}

export interface RenderedFailure {
  status: number
  body: object
}

/** A wire contract: its routes and its error responses. */
export interface Contract {
  routes: FastifyPluginAsync<ContractOptions>
  /** Renders a refusal in the contract's shape; also for requests that match no route. */
  render: (failure: Failure) => RenderedFailure
  /** Paths of its clients that no route serves: such a request is refused in its shape. */
  unservedPaths?: RegExp
  description: string
  /** The response schemas of failures, under their statuses. */
  failures (...codes: FailureCode[]): Record<number, TSchema>
  /** The credentials of its callers: an access token as bearer or in a cookie, or those of a client or an operator. */
  credentials: { bearer?: true, cookie?: string, client?: true, operator?: true }
}
