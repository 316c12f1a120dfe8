import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../core/validation/validation.js'
import type { ContractOptions } from '../../http/contract.js'
import { failures, Validated, ValidateToken } from './schemas.js'
import { toUser } from './views.js'

/** The longest a partner may trust an answer without asking again, in seconds. */
const maxPartnerCacheSeconds = 300

/** Answers kept as text, of the tokens that are asked about most: writing one costs more than finding it. */
const maxWritten = 10_000

type Written = ReturnType<FastifyReply['serialize']>

/** Seed 001: whose a token is. */
export const validateRoute: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  const written = new LRUCache<Principal, Written>({ max: maxWritten })

  function mayBeKept (principal: Principal, reply: FastifyReply): void {
    const remaining = Math.floor(principal.exp - now() / 1000)
    const maxAge = Math.min(maxPartnerCacheSeconds, settings.VALIDATION_CACHE_TTL, remaining)
    reply.header('cache-control', `private, max-age=${maxAge}`)
  }

  /** Sent without a promise: whoever asks with every request would wait longer for its turn than for the answer. */
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
      operationId: 'validateToken',
      summary: 'Check an access token and learn whose it is',
      tags: ['partner'],
      body: ValidateToken,
      response: { 200: Validated, ...failures(401) }
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
