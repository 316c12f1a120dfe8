import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import type { ContractOptions } from '../../http/contract.js'
import {
  cookieFailures, signInFailures, signUpFailures, tokenFailures, unreadBodyFailures
} from '../../http/failure-schemas.js'
import { endReplacedSession } from '../../http/replaced-session.js'
import { deviceMemory } from '../../http/known-device.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute, registrationRoute } from '../../http/password-route.js'
import { optionalBody } from '../../http/schemas.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { failures, LoggedIn, Login, Me, Register, Registered } from './schemas.js'

const tags = ['web']
const security = [{ token: [] }, { bearer: [] }]

/** Sign-in by cookie for a web application. */
export const webRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie('token', 'lax', settings.secureCookies)
  const rememberDevice = deviceMemory({ core, settings }, true)
  const endReplaced = endReplacedSession(core, cookie.name)
  const tokenOf = accessTokenFrom(settings, cookie.name)
  const allowsCommonPassword = settings.passwordRules.blocklist !== 'all'
  app.addHook('onRequest', noStore)

  app.post('/auth/register', {
    schema: {
      operationId: 'webRegister',
      summary: 'Create an account',
      description: 'Creates an account; it does not sign in.',
      tags,
      body: Register,
      response: { 201: Registered, ...failures(...signUpFailures) }
    },
    ...registrationRoute(app, { core, settings })
  }, async (request, reply) => {
    const { email, password } = request.body
    const account = await core.signIn.register(
      { email, password, minPasswordLength, allowsCommonPassword }, clientInfoOf(request))
    return reply.code(201).send({
      user: { id: account.id, email: account.email, createdAt: new Date(account.createdAt).toISOString() }
    })
  })

  app.post('/auth/login', {
    schema: {
      operationId: 'webLogin',
      summary: 'Sign in with email and password',
      description: 'Starts a session and sets the cookie `token`.',
      tags,
      body: Login,
      response: { 200: LoggedIn, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { account, accessToken } = await core.signIn.withPassword(request.body, 'web', clientInfoOf(request))
    cookie.set(reply, accessToken)
    rememberDevice(reply, account)
    await endReplaced(request)
    return { user: { id: account.id, email: account.email } }
  })

  app.get('/auth/me', {
    schema: {
      operationId: 'webMe',
      summary: 'The current user',
      description: 'Returns the account that the cookie, or the bearer token, belongs to.',
      tags,
      security,
      response: { 200: Me, ...failures(...tokenFailures, 'cookie_repeated') }
    }
  }, async request => {
    const { account } = await core.validation.authenticate(requireToken(tokenOf(request)))
    return { user: { id: account.id, email: account.email } }
  })

  app.post('/auth/logout', {
    schema: {
      operationId: 'webLogout',
      summary: 'Sign out',
      description: 'Ends the session, if there is one, and clears the cookie.',
      tags,
      security: [{}, ...security],
      ...optionalBody,
      response: {
        204: Type.Null({ description: 'Signed out' }), ...failures(...cookieFailures, ...unreadBodyFailures)
      }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    if (token !== null) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
    cookie.clear(reply)
    return reply.code(204).send(null)
  })
}
