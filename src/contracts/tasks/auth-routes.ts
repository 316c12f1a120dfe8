import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import {
  cookieFailures, signInFailures, signUpFailures, tokenFailures, unreadBodyFailures
} from '../../http/failure-schemas.js'
import { clientInfoOf } from '../../http/client-info.js'
import { endReplacedSession } from '../../http/replaced-session.js'
import { deviceMemory } from '../../http/known-device.js'
import { passwordRoute, registrationRoute } from '../../http/password-route.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { optionalBody } from '../../http/schemas.js'
import { authTokenCookie } from './cookie.js'
import { failures, LoggedIn, LoggedOut, Login, SignedUp, Signup } from './schemas.js'
import { toUser } from './views.js'

const tags = ['tasks']

/** Sign-up, sign-in and sign-out. */
export const authRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = authTokenCookie(settings)
  const rememberDevice = deviceMemory({ core, settings }, true)
  const endReplaced = endReplacedSession(core, cookie.name)
  const allowsCommonPassword = settings.passwordRules.blocklist !== 'all'
  const { check: onRequest, principalOf } = authentication(core, accessTokenFrom(settings, cookie.name))

  app.post('/auth/signup', {
    schema: {
      operationId: 'tasksSignup',
      summary: 'Create an account and sign in',
      description: 'Creates an account, starts its first session and sets the cookie `auth_token`.',
      tags,
      body: Signup,
      response: { 201: SignedUp, ...failures(...signUpFailures, 'email_not_verified') }
    },
    ...registrationRoute(app, { core, settings })
  }, async (request, reply) => {
    const { email, password } = request.body
    const account = { email, password, minPasswordLength, allowsCommonPassword }
    const signedUp = await core.signIn.signUp(account, 'tasks', clientInfoOf(request))
    cookie.set(reply, signedUp.accessToken)
    rememberDevice(reply, signedUp.account)
    return reply.code(201).send(toUser(signedUp.account))
  })

  app.post('/auth/login', {
    schema: {
      operationId: 'tasksLogin',
      summary: 'Sign in with email and password',
      description: 'Starts a session and sets the cookie `auth_token`.',
      tags,
      body: Login,
      response: { 200: LoggedIn, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const signedIn = await core.signIn.withPassword(request.body, 'tasks', clientInfoOf(request))
    cookie.set(reply, signedIn.accessToken)
    rememberDevice(reply, signedIn.account)
    await endReplaced(request)
    return toUser(signedIn.account)
  })

  app.post('/auth/logout', {
    schema: {
      operationId: 'tasksLogout',
      summary: 'Sign out',
      description: 'Ends the session and clears the cookie.',
      tags,
      security: [{ bearer: [] }, { auth_token: [] }],
      ...optionalBody,
      response: { 200: LoggedOut, ...failures(...tokenFailures, ...cookieFailures, ...unreadBodyFailures) }
    },
    onRequest
  }, async (request, reply) => {
    const { accountId, sessionId } = principalOf(request)
    await core.sessions.end(accountId, sessionId, 'signed_out', clientInfoOf(request))
    cookie.clear(reply)
    return { message: 'Logged out successfully' as const }
  })
}
