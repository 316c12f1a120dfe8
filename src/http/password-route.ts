import type { RouteShorthandOptions } from 'fastify'
import type { ContractSettings } from './contract.js'

/** Route options that put a crude brake on one address: for routes where a password is tried or set. */
export function passwordRoute (settings: ContractSettings): Pick<RouteShorthandOptions, 'config'> {
  if (settings.RATE_LIMIT_MAX === 0) return {}
  return { config: { rateLimit: { max: settings.RATE_LIMIT_MAX, timeWindow: settings.RATE_LIMIT_WINDOW * 1000 } } }
}
