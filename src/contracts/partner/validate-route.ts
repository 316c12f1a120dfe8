import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../core/validation.js'
import type { ContractOptions } from '../../http/contract.js'
import { failures, Validated, ValidateToken } from './schemas.js'
import { toUser } from './user.js'

/** The longest a partner may trust an answer without asking again, in seconds. */
const longestPartnerCache = 300

/** Answers kept as text, of the tokens that are asked about most: writing one costs more than finding it. */
const maxWritten = 10_000

type Written = ReturnType<FastifyReply['serialize']>

/** Seed 001: whose a token is. Partners ask with every request of theirs, so an answer at hand is sent at once. */
export const validateRoute: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  const written = new LRUCache<Principal, Written>({ max: maxWritten })

  function answer (principal: Principal, reply: FastifyReply): void {
    const remaining = Math.floor(principal.exp - now() / 1000)
    const maxAge = Math.min(longestPartnerCache, settings.VALIDATION_CACHE_TTL, remaining)
    reply.header('cache-control', `private, max-age=${maxAge}`)
    reply.header('content-type', 'application/json; charset=utf-8')
    reply.send(written.get(principal) ?? write(principal, reply))
  }

  function write (principal: Principal, reply: FastifyReply): Written {
    const text = reply.serialize({ success: true, data: { valid: true, user: toUser(principal.account) } })
    written.set(principal, text)
    return text
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
    const remembered = core.validation.remembered(token)
    if (remembered !== undefined) return answer(remembered, reply)
    return core.validation.authenticate(token).then(principal => answer(principal, reply))
  })
}
