import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RefreshGrant } from '../../core/grants.js'
import type { ContractOptions } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { originOf } from '../../http/origin-of.js'
import { passwordRoute } from '../../http/password-route.js'
import {
  failures, LoggedIn, Login, Refreshed, RefreshTokenBody, Revoked, RevokeToken, Validated, ValidateToken
} from './schemas.js'
import { toUser } from './user.js'

const tags = ['partner']

/** The longest a partner may trust an answer without asking again, in seconds. */
const longestPartnerCache = 300

/** Seed 001: sign in, check a token, trade a refresh token; and the way out. */
export const partnerRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  app.addHook('onRequest', noStore)

  app.post('/api/auth/login', {
    schema: {
      operationId: 'login',
      summary: 'Sign in with email and password',
      tags,
      body: Login,
      response: { 200: LoggedIn, ...failures(401, 429) }
    },
    ...passwordRoute(settings)
  }, async request => {
    const grant = await core.signIn(request.body, originOf(request))
    return { success: true as const, data: { ...toTokens(grant), user: toUser(grant.account) } }
  })

  app.post('/api/auth/validate-token', {
    schema: {
      operationId: 'validateToken',
      summary: 'Check an access token and learn whose it is',
      tags,
      body: ValidateToken,
      response: { 200: Validated, ...failures(401) }
    }
  }, async (request, reply) => {
    const principal = await core.validation.authenticate(request.body.token)
    const remaining = Math.floor(principal.exp - now() / 1000)
    const maxAge = Math.min(longestPartnerCache, settings.VALIDATION_CACHE_TTL, remaining)
    reply.header('cache-control', `private, max-age=${maxAge}`)
    return { success: true as const, data: { valid: true as const, user: toUser(principal.account) } }
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
    const grant = await core.refresh(request.body.refreshToken, originOf(request))
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
    if (refreshToken !== undefined) await core.signOut.withRefreshToken(refreshToken, originOf(request))
    if (token !== undefined) await core.signOut.withAccessToken(token, originOf(request))
    return { success: true as const, data: { revoked: true as const } }
  })
}

function toTokens (grant: RefreshGrant) {
  return {
    token: grant.accessToken,
    refreshToken: grant.refreshToken,
    expiresIn: grant.expiresIn,
    refreshExpiresIn: grant.refreshExpiresIn
  }
}
