import type { Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { PartnerToken } from '../../core/partners/partner-tokens.js'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { noStore } from '../../http/no-store.js'
import { authenticateClient, clientInfoOfClient, clientSecurity } from './client-authentication.js'
import { takeForms } from './form-body.js'
import {
  accessTokenType, Active, failures, Introspect, Nothing, Revoke, TokenReply, TokenRequest, tokenExchange, tokenRequests
} from './schemas.js'

const shared = { tags: ['oauth'], security: clientSecurity, consumes: ['application/x-www-form-urlencoded'] }
const clientFailures = [...bodyFailures, 'invalid_client'] as const
const jwtType = 'urn:ietf:params:oauth:token-type:jwt'

/** The token, introspection and revocation endpoints. */
export const tokenRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core }) => {
  takeForms(app)
  app.addHook('onRequest', noStore)

  app.post('/oauth/token', {
    schema: {
      ...shared,
      operationId: 'oauthToken',
      summary: 'Get a token (RFC 6749, RFC 8693)',
      description: 'The grants `refresh_token`, `client_credentials` and token exchange. The client authenticates by ' +
        'HTTP Basic, `client_secret` or `client_assertion`.',
      body: TokenRequest,
      requestExamples: tokenRequests,
      response: {
        200: TokenReply,
        ...failures(
          ...clientFailures, 'unauthorized_client', 'invalid_refresh_token', 'invalid_scope', 'invalid_target',
          'invalid_subject_token', 'unsupported_grant_type')
      }
    }
  }, async request => {
    const { body } = request
    const client = await authenticateClient(core, request, body)
    switch (body.grant_type) {
      case 'refresh_token': {
        const token = required(body, 'refresh_token')
        const issued = await core.partners.tokens.refresh(client, token, clientInfoOfClient(request, client))
        return {
          access_token: issued.accessToken,
          token_type: 'Bearer' as const,
          expires_in: issued.expiresIn,
          refresh_token: issued.refreshToken
        }
      }
      case 'client_credentials':
        return toReply(core.partners.tokens.clientCredentials(client, body))
      case tokenExchange: {
        refuseUnsupported(body)
        const issued = await core.partners.tokens.exchange(client, required(body, 'subject_token'), body)
        return { ...toReply(issued), issued_token_type: accessTokenType }
      }
      default:
        throw new HttpFailure('unsupported_grant_type')
    }
  })

  app.post('/oauth/introspect', {
    schema: {
      ...shared,
      operationId: 'oauthIntrospect',
      summary: 'Introspect a token (RFC 7662)',
      description: 'Says whether a token is active, and its claims. Never cached: a revoked token is inactive at once.',
      body: Introspect,
      response: { 200: Active, ...failures(...clientFailures, 'unauthorized_client') }
    }
  }, async request => {
    const client = await authenticateClient(core, request, request.body)
    const token = await core.partners.introspect(client, request.body.token)
    return token === null ? { active: false } : { active: true, ...token }
  })

  app.post('/oauth/revoke', {
    schema: {
      ...shared,
      operationId: 'oauthRevoke',
      summary: 'Revoke a token and its session (RFC 7009)',
      description: 'Ends the session of a refresh token or access token. A token that is not valid is answered 200.',
      body: Revoke,
      response: {
        200: Nothing,
        ...failures(...clientFailures, 'unauthorized_client', 'invalid_refresh_token', 'unsupported_token_type')
      }
    }
  }, async request => {
    const client = await authenticateClient(core, request, request.body)
    await core.partners.revoke(client, request.body.token, clientInfoOfClient(request, client))
    return {}
  })
}

type Parameters = Static<typeof TokenRequest>

function required (body: Parameters, name: 'refresh_token' | 'subject_token' | 'subject_token_type'): string {
  const parameter = body[name]
  if (parameter === undefined) throw new HttpFailure('invalid_body', { description: `${name} is missing` })
  return parameter
}

/** Access tokens are exchanged for access tokens, by the client itself (RFC 8693 2.1). */
function refuseUnsupported (body: Parameters): void {
  const { requested_token_type: wanted = accessTokenType } = body
  if (body.actor_token !== undefined) {
    throw new HttpFailure('invalid_body', { description: 'actor_token is not supported' })
  }
  if (![accessTokenType, jwtType].includes(required(body, 'subject_token_type'))) {
    throw new HttpFailure('invalid_body', { description: `subject_token_type must be ${accessTokenType}` })
  }
  if (wanted !== accessTokenType) {
    throw new HttpFailure('invalid_body', { description: `requested_token_type must be ${accessTokenType}` })
  }
}

/** Without a scope there is no member for it: an empty one is no scope (RFC 6749 3.3). */
function toReply ({ accessToken, expiresIn, scope }: PartnerToken) {
  const reply = { access_token: accessToken, token_type: 'Bearer' as const, expires_in: expiresIn }
  return scope === '' ? reply : { ...reply, scope }
}
