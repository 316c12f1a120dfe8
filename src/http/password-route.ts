import type { RouteShorthandOptions } from 'fastify'
import { AuthError } from '../core/errors.js'
import type { ContractOptions } from './contract.js'

/** Made once: a flood is refused with it. */
const overloaded = new AuthError('overloaded')

/**
 * Route options for routes where a password is tried or set: a crude brake on one address, and no look at a request
 * that would be refused for want of room anyway.
 */
export function passwordRoute (
  { core, settings: { RATE_LIMIT_MAX: max, RATE_LIMIT_WINDOW } }: Pick<ContractOptions, 'core' | 'settings'>
): Pick<RouteShorthandOptions, 'config' | 'preParsing'> {
  return {
    preParsing: (_request, _reply, body, done) => { done(core.isFull() ? overloaded : null, body) },
    ...max > 0 && { config: { rateLimit: { max, timeWindow: RATE_LIMIT_WINDOW * 1000 } } }
  }
}
