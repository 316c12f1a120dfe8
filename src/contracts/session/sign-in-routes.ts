import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import type { ContractOptions } from '../../http/contract.js'
import {
  cookieFailures, signInFailures, signUpFailures, tokenFailures, unreadBodyFailures
} from '../../http/failure-schemas.js'
import { clientInfoOf } from '../../http/client-info.js'
import { endReplacedSession } from '../../http/replaced-session.js'
import { deviceMemory } from '../../http/known-device.js'
import { passwordRoute, registrationRoute } from '../../http/password-route.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { optionalBody } from '../../http/schemas.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { bodyToken } from './body-token.js'
import { failures, Refreshed, SignedIn, SignedOut, SignedUp, SignIn, SignUp } from './schemas.js'
import { toSession, toUser } from './views.js'

const tags = ['session']
const security = [{ session: [] }, { bearer: [] }]

/** Sign-up, sign-in, refresh and sign-out. */
export const signInRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie(`${settings.cookiePrefix}session`, 'lax', settings.secureCookies)
  const rememberDevice = deviceMemory({ core, settings }, true)
  const endReplaced = endReplacedSession(core, cookie.name)
  const tokenOf = accessTokenFrom(settings, cookie.name)
  const bodyTokenOf = bodyToken(settings)

  app.post('/api/auth/sign-up/email', {
    schema: {
      operationId: 'signUpEmail',
      summary: 'Create an account and sign in',
      description: 'Creates an account, starts its first session and sets the cookie `session`.',
      tags,
      body: SignUp,
      response: { 200: SignedUp, ...failures(...signUpFailures, 'email_not_verified') }
    },
    ...registrationRoute(app, { core, settings })
  }, async (request, reply) => {
    const { name, email, password } = request.body
    const signedUp = await core.signIn.signUp(
      { name, email, password, minPasswordLength }, 'session', clientInfoOf(request))
    cookie.set(reply, signedUp.accessToken, signedUp.expiresIn)
    rememberDevice(reply, signedUp.account)
    return { token: bodyTokenOf(request, signedUp.accessToken), user: toUser(signedUp.account) }
  })

  app.post('/api/auth/sign-in/email', {
    schema: {
      operationId: 'signInEmail',
      summary: 'Sign in with email and password',
      description: 'Starts a session and sets the cookie `session`; the same token works as a bearer token.',
      tags,
      body: SignIn,
      response: { 200: SignedIn, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const signedIn = await core.signIn.withPassword(request.body, 'session', clientInfoOf(request))
    cookie.set(reply, signedIn.accessToken, signedIn.expiresIn)
    rememberDevice(reply, signedIn.account)
    await endReplaced(request)
    return {
      redirect: false as const,
      token: bodyTokenOf(request, signedIn.accessToken),
      user: toUser(signedIn.account)
    }
  })

  app.post('/api/auth/refresh', {
    schema: {
      operationId: 'refreshSession',
      summary: 'Extend the session',
      description: 'Trades a live access token for the next one and sets the cookie to it. A session that has ended ' +
        'or expired cannot be extended. Only for sessions that began in this contract: refresh tokens of contract ' +
        '`partner` go to `POST /api/auth/refresh-token`.',
      tags,
      security,
      ...optionalBody,
      response: {
        200: Refreshed,
        ...failures(...tokenFailures, 'invalid_refresh_token', ...cookieFailures, ...unreadBodyFailures)
      }
    }
  }, async (request, reply) => {
    const extended = await core.refresh.extend(requireToken(tokenOf(request)), clientInfoOf(request))
    cookie.set(reply, extended.accessToken, extended.expiresIn)
    return {
      token: bodyTokenOf(request, extended.accessToken),
      expiresIn: extended.expiresIn,
      session: toSession(extended.account.id, extended.session),
      user: toUser(extended.account)
    }
  })

  app.post('/api/auth/sign-out', {
    schema: {
      operationId: 'signOut',
      summary: 'Sign out',
      description: 'Ends the session, if there is one, and clears the cookie.',
      tags,
      security: [{}, ...security],
      ...optionalBody,
      response: { 200: SignedOut, ...failures(...cookieFailures, ...unreadBodyFailures) }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    if (token !== null) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
    cookie.clear(reply)
    return { success: true as const }
  })
}
