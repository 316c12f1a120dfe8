import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import type { ContractOptions } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { failures, Login, Register, Registered, SignedIn } from './schemas.js'

const tags = ['web']
const security = [{ token: [] }, { bearer: [] }]

/** Seed 004: sign-in by cookie for a web application. */
export const webRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie('token', 'lax', settings.COOKIE_SECURE)
  const tokenOf = accessTokenFrom(settings, cookie.name)
  app.addHook('onRequest', noStore)

  app.post('/auth/register', {
    schema: {
      operationId: 'registerForWeb',
      summary: 'Make an account',
      tags,
      body: Register,
      response: { 201: Registered, ...failures(409, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { email, password } = request.body
    const account = await core.accounts.register({ email, password, minPasswordLength }, clientInfoOf(request))
    return reply.code(201).send({
      user: { id: account.id, email: account.email, createdAt: new Date(account.createdAt).toISOString() }
    })
  })

  app.post('/auth/login', {
    schema: {
      operationId: 'loginForWeb',
      summary: 'Sign in with email and password',
      tags,
      body: Login,
      response: { 200: SignedIn, ...failures(401, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { account, accessToken } = await core.signInOnce(request.body, 'web', clientInfoOf(request))
    cookie.set(reply, accessToken)
    return { user: { id: account.id, email: account.email } }
  })

  app.get('/auth/me', {
    schema: {
      operationId: 'meForWeb',
      summary: 'Who is signed in',
      tags,
      security,
      response: { 200: SignedIn, ...failures(401) }
    }
  }, async request => {
    const { account } = await core.validation.authenticate(requireToken(tokenOf(request)))
    return { user: { id: account.id, email: account.email } }
  })

  app.post('/auth/logout', {
    schema: {
      operationId: 'logoutFromWeb',
      summary: 'Sign out',
      tags,
      security: [...security, {}],
      response: { 204: Type.Null({ description: 'Signed out' }), ...failures(403) }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    if (token !== null) await core.signOut.withAccessToken(token, clientInfoOf(request))
    cookie.clear(reply)
    return reply.code(204).send(null)
  })
}
