import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { signInFailures, signUpFailures, tokenFailures, unreadBodyFailures } from '../../http/failure-schemas.js'
import { deviceMemory } from '../../http/known-device.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute, registrationRoute } from '../../http/password-route.js'
import { optionalBody } from '../../http/schemas.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import {
  failures, LoggedOut, Me, Register, Registered, Token, TokenReply
} from './schemas.js'
import { toUser } from './views.js'

const tags = ['spa']
const security = [{ bearer: [] }]

/** Accounts for a single-page application. */
export const spaRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const rememberDevice = deviceMemory({ core, settings }, false)
  const tokenOf = accessTokenFrom(settings)
  const { spaMinLength: minPasswordLength, blocklist } = settings.passwordRules
  const allowsCommonPassword = blocklist !== 'all'
  app.addHook('onRequest', noStore)

  app.post('/api/auth/register', {
    schema: {
      operationId: 'spaRegister',
      summary: 'Create an account',
      description: 'Creates an account; it does not sign in. Email and username must not be in use.',
      tags,
      body: Register,
      response: { 201: Registered, ...failures(...signUpFailures, 'username_taken') }
    },
    ...registrationRoute(app, { core, settings })
  }, async (request, reply) => {
    const { username, email, password } = request.body
    const account = await core.signIn.register(
      { username, email, password, minPasswordLength, allowsCommonPassword }, clientInfoOf(request))
    return reply.code(201).send(toUser(account))
  })

  app.post('/api/auth/token', {
    schema: {
      operationId: 'spaToken',
      summary: 'Sign in with email and password',
      description: 'Starts a session and returns its access token, to be sent in the header `Authorization: Bearer`.',
      tags,
      body: Token,
      response: { 200: TokenReply, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { accessToken, account } = await core.signIn.withPassword(request.body, 'spa', clientInfoOf(request))
    rememberDevice(reply, account)
    return { access_token: accessToken, token_type: 'Bearer' as const, user_id: String(account.number) }
  })

  app.get('/api/auth/me', {
    schema: {
      operationId: 'spaMe',
      summary: 'The current account',
      description: 'Returns the account that the access token belongs to.',
      tags,
      security,
      response: { 200: Me, ...failures(...tokenFailures) }
    }
  }, async request => {
    const { account } = await core.validation.authenticate(requireToken(tokenOf(request)))
    return toUser(account)
  })

  app.post('/api/auth/logout', {
    schema: {
      operationId: 'spaLogout',
      summary: 'Sign out',
      description: 'Ends the session of the access token, if one is sent. Always 200.',
      tags,
      security: [{}, ...security],
      ...optionalBody,
      response: { 200: LoggedOut, ...failures(...unreadBodyFailures) }
    }
  }, async request => {
    const token = tokenOf(request)
    if (token !== null) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
    return { message: 'Successfully logged out' as const }
  })
}
