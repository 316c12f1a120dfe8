import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authTokenCookie } from './cookie.js'
import { failures, LoggedOut, Login, Signup, User } from './schemas.js'
import { toUser } from './views.js'

const tags = ['tasks']

/** Seed 002: sign-up, sign-in and sign-out. */
export const authRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = authTokenCookie(settings)
  const { check: onRequest, principalOf } = authentication(core, accessTokenFrom(settings, cookie.name))

  app.post('/auth/signup', {
    schema: {
      operationId: 'signup',
      summary: 'Make an account and sign in',
      tags,
      body: Signup,
      response: { 201: User, ...failures(409, 422, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { email, password } = request.body
    const grant = await core.accounts.signUp({ email, password, minPasswordLength }, 'tasks', clientInfoOf(request))
    cookie.set(reply, grant.accessToken)
    return reply.code(201).send(toUser(grant.account))
  })

  app.post('/auth/login', {
    schema: {
      operationId: 'loginForTasks',
      summary: 'Sign in with email and password',
      tags,
      body: Login,
      response: { 200: User, ...failures(401, 422, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const grant = await core.signInOnce(request.body, 'tasks', clientInfoOf(request))
    cookie.set(reply, grant.accessToken)
    return toUser(grant.account)
  })

  app.post('/auth/logout', {
    schema: {
      operationId: 'logoutFromTasks',
      summary: 'Sign out',
      tags,
      security: [{ bearer: [] }, { auth_token: [] }],
      response: { 200: LoggedOut, ...failures(401, 403) }
    },
    onRequest
  }, async (request, reply) => {
    const { accountId, sessionId } = principalOf(request)
    await core.sessions.end(accountId, sessionId, 'signed_out', clientInfoOf(request))
    cookie.clear(reply)
    return { message: 'Logged out successfully' as const }
  })
}
