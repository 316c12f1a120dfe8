import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../core/validation/validation.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { failures, Validated, ValidateToken } from './schemas.js'
import { toUser } from './views.js'

/** The longest time in seconds for which a partner may cache a response. */
const maxPartnerCacheSeconds = 300

/** Cached response texts of the most used tokens: serializing one costs more than a look-up. */
const maxWritten = 10_000

type Written = ReturnType<FastifyReply['serialize']>

/** Validates an access token for a partner. */
export const validateRoute: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  // Keyed by the object itself: `cached` gives the same one for a token until something about it changes.
  const written = new LRUCache<Principal, Written>({ max: maxWritten })

  function mayBeKept (principal: Principal, reply: FastifyReply): void {
    const remaining = Math.floor(principal.exp - now() / 1000)
    const maxAge = Math.min(maxPartnerCacheSeconds, settings.validation.cacheTtl, remaining)
    reply.header('cache-control', `private, max-age=${maxAge}`)
  }

  /** Sent without a promise: on this hot path the microtask costs more than the look-up. */
  function answerAtOnce (principal: Principal, reply: FastifyReply): void {
    let text = written.get(principal)
    if (text === undefined) {
      text = reply.serialize(validated(principal))
      written.set(principal, text)
    }
    mayBeKept(principal, reply)
    reply.header('content-type', 'application/json; charset=utf-8').send(text)
  }

  app.post('/api/auth/validate-token', {
    schema: {
      operationId: 'partnerValidateToken',
      summary: 'Validate an access token and get its user',
      description: 'Checks the signature, the expiry and that the session is still live. `Cache-Control` says for ' +
        'how long the answer may be reused, at most five minutes.',
      tags: ['partner'],
      body: ValidateToken,
      response: { 200: Validated, ...failures(...bodyFailures, 'invalid_token') }
    }
  }, (request, reply) => {
    const { token } = request.body
    const remembered = core.validation.cached(token)
    if (remembered !== undefined) return answerAtOnce(remembered, reply)
    return core.validation.authenticate(token).then(principal => {
      mayBeKept(principal, reply)
      return validated(principal)
    })
  })
}

function validated ({ account }: Principal) {
  return { success: true as const, data: { valid: true as const, user: toUser(account) } }
}
