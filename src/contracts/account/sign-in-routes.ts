import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures, signInFailures, signUpFailures } from '../../http/failure-schemas.js'
import { deviceMemory } from '../../http/known-device.js'
import { allowNoBody } from '../../http/optional-body.js'
import { passwordRoute, registrationRoute } from '../../http/password-route.js'
import { VerificationSent } from './mail-schemas.js'
import { failures, Refresh, Refreshed, SignedIn, SignedOut, SignedUp, SignIn, SignOut, SignUp } from './schemas.js'
import { toTokens, toTokenSet } from './views.js'

const tags = ['account']

/** Sign up, sign in, trade a refresh token, sign out. */
export const signInRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const rememberDevice = deviceMemory({ core, settings }, false)
  const tokenOf = accessTokenFrom(settings)

  app.post('/api/account/sign-up', {
    schema: {
      operationId: 'accountSignUp',
      summary: 'Create an account and sign in',
      description: 'Creates an account and starts its first session. The header `X-Client-Name` names the device in ' +
        'the list of sessions. With `EMAIL_VERIFICATION=required` there is no session before the address is ' +
        'confirmed, and the reply does not tell whether an account has it.',
      tags,
      body: SignUp,
      response: { 201: SignedUp, 202: VerificationSent, ...failures(...signUpFailures, 'username_taken') }
    },
    ...registrationRoute(app, { core, settings })
  }, async (request, reply) => {
    const { email, password, name, username } = request.body
    const account = { email, password, name, username, minPasswordLength }
    if (!core.signIn.signsInAtOnce) {
      await core.signIn.signUpUnseen(account, clientInfoOf(request))
      return reply.code(202).send({ success: true, data: { verification: 'sent' } })
    }
    const signedUp = await core.signIn.signUp(account, 'account', clientInfoOf(request))
    rememberDevice(reply, signedUp.account)
    return reply.code(201).send({ success: true, data: toTokenSet(signedUp) })
  })

  app.post('/api/account/sign-in', {
    schema: {
      operationId: 'accountSignIn',
      summary: 'Sign in with email and password',
      description: 'Starts a session. An unknown email, a wrong password and a disabled account are answered alike. ' +
        'The header `X-Client-Name` names the device in the list of sessions.',
      tags,
      body: SignIn,
      response: { 200: SignedIn, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const signedIn = await core.signIn.withPassword(request.body, 'account', clientInfoOf(request))
    rememberDevice(reply, signedIn.account)
    return { success: true as const, data: toTokenSet(signedIn) }
  })

  app.post('/api/account/refresh', {
    schema: {
      operationId: 'accountRefresh',
      summary: 'Trade a refresh token for the next one and a new access token',
      description: 'A refresh token is good for one use. A retry with the same token within a short window gets the ' +
        'same answer; reuse after that is treated as theft and ends the session. Takes the refresh tokens of ' +
        'sessions that began in this contract.',
      tags,
      body: Refresh,
      response: { 200: Refreshed, ...failures(...bodyFailures, 'invalid_refresh_token') }
    }
  }, async request => {
    const issued = await core.refresh.trade(request.body.refreshToken, clientInfoOf(request), { contract: 'account' })
    return { success: true as const, data: toTokens(issued) }
  })

  app.post('/api/account/sign-out', {
    schema: {
      operationId: 'accountSignOut',
      summary: 'Sign out',
      description: 'Ends the session of the refresh token, and that of the access token in the header. A token that ' +
        'is unknown, expired or malformed is answered 200 as well.',
      tags,
      security: [{}, { bearer: [] }],
      body: SignOut,
      optionalBody: SignOut,
      response: { 200: SignedOut, ...failures(...bodyFailures) }
    },
    preValidation: allowNoBody
  }, async request => {
    const { refreshToken } = request.body
    const token = tokenOf(request)
    if (refreshToken !== undefined) await core.sessions.signOut.byRefreshToken(refreshToken, clientInfoOf(request))
    if (token !== null) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
    return { success: true as const, data: { signedOut: true as const } }
  })
}
