import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireGrant, type PartnerGrant } from '../../core/partners/partner-tokens.js'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { noStore } from '../../http/no-store.js'
import { clientInfoOf } from '../../http/client-info.js'
import { clientCredentialsFrom } from './client-authentication.js'
import { takeForms } from './form-body.js'
import { Active, failures, Introspect, Nothing, Revoke, TokenReply, TokenRequest, tokenExchange } from './schemas.js'

const tags = ['oauth']
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const jwtType = 'urn:ietf:params:oauth:token-type:jwt'

/** What clients do with tokens: get them, ask about them, end them. */
export const tokenRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core }) => {
  takeForms(app)
  app.addHook('onRequest', noStore)

  app.post('/oauth/token', {
    schema: {
      operationId: 'oauthToken',
      summary: 'Get a token: refresh_token, client_credentials, token exchange (RFC 6749, RFC 8693)',
      tags,
      consumes: ['application/x-www-form-urlencoded'],
      body: TokenRequest,
      response: { 200: TokenReply, ...failures(400, 401, 413, 415) }
    }
  }, async request => {
    const { body } = request
    const client = await core.clients.authenticate(clientCredentialsFrom(request, body))
    switch (body.grant_type) {
      case 'refresh_token': {
        requireGrant(client, 'refresh_token')
        const grant = await core.refresh(required(body.refresh_token), clientInfoOf(request))
        return {
          access_token: grant.accessToken,
          token_type: 'Bearer' as const,
          expires_in: grant.expiresIn,
          refresh_token: grant.refreshToken
        }
      }
      case 'client_credentials':
        return toReply(core.partnerTokens.clientCredentials(client, body))
      case tokenExchange: {
        const { actor_token: actor, subject_token_type: type, requested_token_type: wanted = accessTokenType } = body
        const isTakenHere = [accessTokenType, jwtType].includes(required(type)) && wanted === accessTokenType
        if (actor !== undefined || !isTakenHere) throw new HttpFailure('invalid_body')
        const grant = await core.partnerTokens.exchange(client, required(body.subject_token), body)
        return { ...toReply(grant), issued_token_type: accessTokenType }
      }
      default:
        throw new HttpFailure('unsupported_grant_type')
    }
  })

  app.post('/oauth/introspect', {
    schema: {
      operationId: 'introspect',
      summary: 'Ask whether a token lives (RFC 7662)',
      tags,
      consumes: ['application/x-www-form-urlencoded'],
      body: Introspect,
      response: { 200: Active, ...failures(400, 401, 413, 415) }
    }
  }, async request => {
    const client = await core.clients.authenticate(clientCredentialsFrom(request, request.body))
    const token = await core.introspect(client, request.body.token)
    return token === null ? { active: false } : { active: true, ...token }
  })

  app.post('/oauth/revoke', {
    schema: {
      operationId: 'oauthRevoke',
      summary: 'End the session a token belongs to (RFC 7009)',
      tags,
      consumes: ['application/x-www-form-urlencoded'],
      body: Revoke,
      response: { 200: Nothing, ...failures(400, 401, 413, 415) }
    }
  }, async request => {
    const { token } = request.body
    const client = await core.clients.authenticate(clientCredentialsFrom(request, request.body))
    await core.signOut.withRefreshToken(token, clientInfoOf(request))
    await core.signOut.withAccessToken(token, clientInfoOf(request))
    await core.signOut.withAccessToken(token, clientInfoOf(request), client.audience)
    // One that speaks for a client has no session to end (RFC 7009 2.2.1).
    if (await core.introspect(client, token) !== null) throw new HttpFailure('unsupported_token_type')
    return {}
  })
}

function required (parameter: string | undefined): string {
  if (parameter === undefined) throw new HttpFailure('invalid_body')
  return parameter
}

function toReply ({ accessToken, expiresIn, scope }: PartnerGrant) {
  return { access_token: accessToken, token_type: 'Bearer' as const, expires_in: expiresIn, scope }
}
