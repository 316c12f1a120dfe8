import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { AuthError } from '../core/errors.js'
import { networkOf } from '../core/lib/network.js'
import { addressOf } from './client-info.js'
import type { ContractOptions } from './contract.js'
import { HttpFailure } from './failure.js'

type Needs = Pick<ContractOptions, 'core' | 'settings'>

/** Created once, since a flood is refused with it. */
const overloaded = new AuthError('overloaded')

/**
 * Route options for routes where a password is tried or set: a rate limit for each address over all of them together,
 * and an early refusal of requests that the hashing queue would reject anyway.
 */
export function passwordRoute (
  { core, settings: { rateLimit: { max, window } } }: Needs
): Pick<RouteShorthandOptions, 'config' | 'preParsing'> {
  return {
    preParsing: (request, _reply, body, done) => {
      done(core.passwords.isFull(addressOf(request)) ? overloaded : null, body)
    },
    ...max > 0 && { config: { rateLimit: { max, timeWindow: window * 1000, groupId: ' passwords' } } }
  }
}

/**
 * The same for routes where anyone can make an account, with a lower limit of their own; and none at all where
 * registration is closed.
 */
export function registrationRoute (app: FastifyInstance, needs: Needs) {
  const { registration, rateLimit: { max, maxRegistrations, window } } = needs.settings
  const count = app.createRateLimit({
    max: maxRegistrations,
    timeWindow: window * 1000,
    keyGenerator: request => `registrations ${networkOf(addressOf(request))}`
  })

  async function onRequest (request: FastifyRequest): Promise<void> {
    if (registration === 'closed') throw new HttpFailure('registration_closed')
    if (max === 0) return
    const counted = await count(request)
    const retryAfter = counted.isAllowed || !counted.isExceeded ? null : counted.ttlInSeconds
    if (retryAfter !== null) throw new HttpFailure('rate_limited', { retryAfter })
  }

  return { ...passwordRoute(needs), onRequest }
}
