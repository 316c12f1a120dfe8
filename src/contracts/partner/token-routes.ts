import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { IssuedTokens } from '../../core/sessions/token-issuer.js'
import type { ContractOptions } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import {
  failures, LoggedIn, Login, Refreshed, RefreshTokenBody, Revoked, RevokeToken
} from './schemas.js'
import { toUser } from './views.js'

const tags = ['partner']

/** Seed 001: sign in, trade a refresh token; and the way out. */
export const tokenRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  app.addHook('onRequest', noStore)

  app.post('/api/auth/login', {
    schema: {
      operationId: 'login',
      summary: 'Sign in with email and password',
      tags,
      body: Login,
      response: { 200: LoggedIn, ...failures(401, 429) }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    const grant = await core.signIn(request.body, clientInfoOf(request))
    return { success: true as const, data: { ...toTokens(grant), user: toUser(grant.account) } }
  })

  app.post('/api/auth/refresh-token', {
    schema: {
      operationId: 'refreshToken',
      summary: 'Trade a refresh token for the next one and a new access token',
      tags,
      body: RefreshTokenBody,
      response: { 200: Refreshed, ...failures(401) }
    }
  }, async request => {
    const grant = await core.refresh(request.body.refreshToken, clientInfoOf(request))
    return { success: true as const, data: toTokens(grant) }
  })

  app.post('/api/auth/revoke-token', {
    schema: {
      operationId: 'revokeToken',
      summary: 'End the session a token belongs to',
      tags,
      body: RevokeToken,
      response: { 200: Revoked, ...failures() }
    }
  }, async request => {
    const { refreshToken, token } = request.body
    if (refreshToken !== undefined) await core.signOut.withRefreshToken(refreshToken, clientInfoOf(request))
    if (token !== undefined) await core.signOut.withAccessToken(token, clientInfoOf(request))
    return { success: true as const, data: { revoked: true as const } }
  })
}

function toTokens (grant: IssuedTokens) {
  return {
    token: grant.accessToken,
    refreshToken: grant.refreshToken,
    expiresIn: grant.expiresIn,
    refreshExpiresIn: grant.refreshExpiresIn
  }
}
