import type { RouteShorthandOptions } from 'fastify'
import { AuthError } from '../core/errors.js'
import type { ContractOptions } from './contract.js'

/** Created once, since a flood is refused with it. */
const overloaded = new AuthError('overloaded')

/**
 * Route options for routes where a password is tried or set: a rate limit for each address, and an early refusal
 * of requests that the hashing queue would reject anyway.
 */
export function passwordRoute (
  { core, settings: { rateLimit: { max, window } } }: Pick<ContractOptions, 'core' | 'settings'>
): Pick<RouteShorthandOptions, 'config' | 'preParsing'> {
  return {
    preParsing: (_request, _reply, body, done) => { done(core.passwords.isFull() ? overloaded : null, body) },
    ...max > 0 && { config: { rateLimit: { max, timeWindow: window * 1000 } } }
  }
}
