import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { originOf } from '../../http/origin-of.js'
import { passwordRoute } from '../../http/password-route.js'
import { failures, Register, shortestSpaPassword, User } from './schemas.js'
import { toUser } from './user.js'

const tags = ['spa']

/** Seed 003: accounts for a single-page application. */
export const spaRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.post('/api/auth/register', {
    schema: {
      operationId: 'register',
      summary: 'Make an account',
      tags,
      body: Register,
      response: { 201: User, ...failures(400, 429) }
    },
    ...passwordRoute(settings)
  }, async (request, reply) => {
    const { username, email, password } = request.body
    const account = await core.accounts.register(
      { username, email, password, shortestPassword: shortestSpaPassword }, originOf(request))
    return reply.code(201).send(toUser(account))
  })
}
