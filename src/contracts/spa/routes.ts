import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { failures, LoggedOut, Register, minSpaPasswordLength, Token, TokenReply, User } from './schemas.js'
import { toUser } from './views.js'

const tags = ['spa']
const security = [{ bearer: [] }]

/** Seed 003: accounts for a single-page application. */
export const spaRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const tokenOf = accessTokenFrom(settings)
  app.addHook('onRequest', noStore)

  app.post('/api/auth/register', {
    schema: {
      operationId: 'register',
      summary: 'Make an account',
      tags,
      body: Register,
      response: { 201: User, ...failures(400, 422, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { username, email, password } = request.body
    const account = await core.accounts.register(
      { username, email, password, minPasswordLength: minSpaPasswordLength }, clientInfoOf(request))
    return reply.code(201).send(toUser(account))
  })

  app.post('/api/auth/token', {
    schema: {
      operationId: 'token',
      summary: 'Sign in with email and password',
      tags,
      body: Token,
      response: { 200: TokenReply, ...failures(401, 422, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    const { accessToken, account } = await core.signInOnce(request.body, 'spa', clientInfoOf(request))
    return { access_token: accessToken, token_type: 'Bearer' as const, user_id: String(account.number) }
  })

  app.get('/api/auth/me', {
    schema: {
      operationId: 'me',
      summary: 'Whose token this is',
      tags,
      security,
      response: { 200: User, ...failures(401) }
    }
  }, async request => {
    const { account } = await core.validation.authenticate(requireToken(tokenOf(request)))
    return toUser(account)
  })

  app.post('/api/auth/logout', {
    schema: {
      operationId: 'logout',
      summary: 'End the session of the token, if one is sent',
      tags,
      security: [...security, {}],
      response: { 200: LoggedOut, ...failures() }
    }
  }, async request => {
    const token = tokenOf(request)
    if (token !== null) await core.signOut.withAccessToken(token, clientInfoOf(request))
    return { message: 'Successfully logged out' as const }
  })
}
