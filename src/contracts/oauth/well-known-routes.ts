import { createHash } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { assertionAlgorithms } from '../../core/partners/client-assertion.js'
import { clientGrants } from '../../core/partners/clients.js'
import { jwksLifetime } from '../../core/keys/signing-keys.js'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { clientAuthenticationMethods } from './client-authentication.js'
import { failures, Jwks, Metadata } from './schemas.js'

const tags = ['oauth']

/** What partners learn about Keyturn without asking for anything: its public keys and what is enabled. */
export const wellKnownRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const issuer = settings.PUBLIC_URL
  const cacheControl = `public, max-age=${jwksLifetime}`

  app.get('/.well-known/jwks.json', {
    schema: {
      operationId: 'jwks',
      summary: 'The public keys that access tokens are checked with (RFC 7517 5)',
      tags,
      response: {
        200: Jwks, 304: Type.Null({ description: 'Still as the given ETag says' }), ...failures(404)
      }
    }
  }, async (request, reply) => {
    const keys = core.keys.published()
    if (keys.length === 0) throw new HttpFailure('no_public_keys')
    const etag = `"${createHash('sha256').update(JSON.stringify(keys)).digest('base64url')}"`
    reply.headers({ etag, 'cache-control': cacheControl })
    const known = request.headers['if-none-match']?.split(',').map(tag => tag.trim().replace(/^W\//, '')) ?? []
    if (known.includes(etag) || known.includes('*')) return reply.code(304).send(null)
    return { keys }
  })

  app.get('/.well-known/oauth-authorization-server', {
    schema: {
      operationId: 'metadata',
      summary: 'What this authorization server can do (RFC 8414)',
      tags,
      response: { 200: Metadata, ...failures() }
    }
  }, async (_request, reply) => {
    reply.header('cache-control', cacheControl)
    return {
      issuer,
      ...(core.keys.published().length > 0 && { jwks_uri: `${issuer}/.well-known/jwks.json` }),
      token_endpoint: `${issuer}/oauth/token`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      grant_types_supported: [...clientGrants],
      ...authentication('token'),
      ...authentication('introspection'),
      ...authentication('revocation'),
      response_types_supported: [],
      service_documentation: `${issuer}/docs`
    }
  })
}

function authentication<Endpoint extends 'token' | 'introspection' | 'revocation'> (endpoint: Endpoint) {
  return {
    [`${endpoint}_endpoint_auth_methods_supported`]: clientAuthenticationMethods,
    [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: assertionAlgorithms
  } as Record<`${Endpoint}_endpoint_auth_${'methods' | 'signing_alg_values'}_supported`, string[]>
}
