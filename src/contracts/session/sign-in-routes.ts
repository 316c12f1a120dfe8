import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import type { ContractOptions } from '../../http/contract.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { failures, Refreshed, SignedIn, SignedOut, SignedUp, SignIn, SignUp } from './schemas.js'
import { toSession, toUser } from './views.js'

const tags = ['session']
const security = [{ session: [] }, { bearer: [] }]

/** Seed 000: sessions begin, go on and end. */
export const signInRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie('session', 'lax', settings.COOKIE_SECURE)
  const tokenOf = accessTokenFrom(settings, cookie.name)

  app.post('/api/auth/sign-up/email', {
    schema: {
      operationId: 'signUpEmail',
      summary: 'Make an account and sign in',
      tags,
      body: SignUp,
      response: { 200: SignedUp, ...failures(422, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { name, email, password } = request.body
    const grant = await core.accounts.signUp(
      { name, email, password, minPasswordLength }, 'session', clientInfoOf(request))
    cookie.set(reply, grant.accessToken, grant.expiresIn)
    return { token: grant.accessToken, user: toUser(grant.account) }
  })

  app.post('/api/auth/sign-in/email', {
    schema: {
      operationId: 'signInEmail',
      summary: 'Sign in with email and password',
      tags,
      body: SignIn,
      response: { 200: SignedIn, ...failures(401, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const grant = await core.signInOnce(request.body, 'session', clientInfoOf(request))
    cookie.set(reply, grant.accessToken, grant.expiresIn)
    return { redirect: false as const, token: grant.accessToken, user: toUser(grant.account) }
  })

  app.post('/api/auth/refresh', {
    schema: {
      operationId: 'refreshSession',
      summary: 'Extend the session',
      tags,
      security,
      response: { 200: Refreshed, ...failures(401, 403) }
    }
  }, async (request, reply) => {
    const grant = await core.refreshSession(requireToken(tokenOf(request)))
    cookie.set(reply, grant.accessToken, grant.expiresIn)
    return {
      token: grant.accessToken,
      expiresIn: grant.expiresIn,
      session: toSession(grant.account.id, grant.session),
      user: toUser(grant.account)
    }
  })

  app.post('/api/auth/sign-out', {
    schema: {
      operationId: 'signOut',
      summary: 'Sign out',
      tags,
      security: [...security, {}],
      response: { 200: SignedOut, ...failures(403) }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    if (token !== null) await core.signOut.withAccessToken(token, clientInfoOf(request))
    cookie.clear(reply)
    return { success: true as const }
  })
}
