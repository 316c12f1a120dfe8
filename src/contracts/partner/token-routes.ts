import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { IssuedTokens } from '../../core/sessions/token-issuer.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures, signInFailures } from '../../http/failure-schemas.js'
import { deviceMemory } from '../../http/known-device.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import {
  failures, LoggedIn, Login, Refreshed, RefreshTokenBody, Revoked, RevokeToken
} from './schemas.js'
import { toUser } from './views.js'

const tags = ['partner']

/** Sign in, trade a refresh token, sign out. */
export const tokenRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const rememberDevice = deviceMemory({ core, settings }, false)
  app.addHook('onRequest', noStore)

  app.post('/api/auth/login', {
    schema: {
      operationId: 'partnerLogin',
      summary: 'Sign in with email and password',
      description: 'Starts a session and returns its access token and refresh token. An unknown email, a wrong ' +
        'password and a disabled account are answered alike.',
      tags,
      body: Login,
      response: { 200: LoggedIn, ...failures(...signInFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const signedIn = await core.signIn.withPassword(request.body, 'partner', clientInfoOf(request))
    rememberDevice(reply, signedIn.account)
    return { success: true as const, data: { ...toTokens(signedIn), user: toUser(signedIn.account) } }
  })

  app.post('/api/auth/refresh-token', {
    schema: {
      operationId: 'partnerRefreshToken',
      summary: 'Trade a refresh token for the next one and a new access token',
      description: 'A refresh token is good for one use. A retry with the same token within a short window gets the ' +
        'same answer; reuse after that is treated as theft and ends the session.',
      tags,
      body: RefreshTokenBody,
      response: { 200: Refreshed, ...failures(...bodyFailures, 'invalid_refresh_token') }
    }
  }, async request => {
    const issued = await core.refresh.trade(request.body.refreshToken, clientInfoOf(request), { contract: 'partner' })
    return { success: true as const, data: toTokens(issued) }
  })

  app.post('/api/auth/revoke-token', {
    schema: {
      operationId: 'partnerRevokeToken',
      summary: 'End the session a token belongs to',
      description: 'Takes a refresh token, an access token or both. A token that is unknown, expired or malformed is ' +
        'answered 200 as well.',
      tags,
      body: RevokeToken,
      response: { 200: Revoked, ...failures(...bodyFailures) }
    }
  }, async request => {
    const { refreshToken, token } = request.body
    if (refreshToken !== undefined) await core.sessions.signOut.byRefreshToken(refreshToken, clientInfoOf(request))
    if (token !== undefined) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
    return { success: true as const, data: { revoked: true as const } }
  })
}

function toTokens ({ accessToken, refreshToken, expiresIn, refreshExpiresIn }: IssuedTokens) {
  return { token: accessToken, refreshToken, expiresIn, refreshExpiresIn }
}
