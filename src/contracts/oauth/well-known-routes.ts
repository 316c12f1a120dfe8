import { createHash } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientKeyAlgorithms } from '../../core/partners/client-keys.js'
import { clientGrants } from '../../core/partners/clients.js'
import { jwksLifetime } from '../../core/keys/signing-keys.js'
import type { ContractOptions } from '../../http/contract.js'
import { clientAuthenticationMethods } from './client-authentication.js'
import { requirePublicKeys } from './public-keys.js'
import { failures, Jwks, Metadata } from './schemas.js'
import { SsfConfiguration, transmitterConfiguration } from './stream-schemas.js'

const tags = ['oauth']

/** Public keys and metadata, open to everyone. */
export const wellKnownRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const issuer = settings.issuer
  const cacheControl = `public, max-age=${jwksLifetime}`

  app.get('/.well-known/jwks.json', {
    schema: {
      operationId: 'oauthJwks',
      summary: 'The public keys of access tokens (RFC 7517 5)',
      description: 'To verify access tokens and security events locally. Keep it for as long as `Cache-Control` says.',
      tags,
      response: {
        200: Jwks, 304: Type.Null({ description: 'Not modified since the given ETag' }), ...failures('no_public_keys')
      }
    }
  }, async (request, reply) => {
    const keys = requirePublicKeys(core)
    const etag = `"${createHash('sha256').update(JSON.stringify(keys)).digest('base64url')}"`
    reply.headers({ etag, 'cache-control': cacheControl })
    const known = request.headers['if-none-match']?.split(',').map(tag => tag.trim().replace(/^W\//, '')) ?? []
    if (known.includes(etag) || known.includes('*')) return reply.code(304).send(null)
    return { keys }
  })

  app.get('/.well-known/oauth-authorization-server', {
    schema: {
      operationId: 'oauthMetadata',
      summary: 'Metadata of the authorization server (RFC 8414)',
      description: 'Endpoints, grants and methods of client authentication, for clients that configure themselves.',
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
      ...(settings.apiDocs === 'on' && { service_documentation: `${issuer}/docs` })
    }
  })

  app.get('/.well-known/ssf-configuration', {
    schema: {
      operationId: 'ssfConfiguration',
      summary: 'Metadata of the transmitter of security events (SSF 1.0, section 7.1)',
      description: 'Where receivers configure their streams, and how they authenticate.',
      tags,
      response: { 200: SsfConfiguration, ...failures('no_public_keys') }
    }
  }, async (_request, reply) => {
    requirePublicKeys(core)
    reply.header('cache-control', cacheControl)
    return transmitterConfiguration(issuer)
  })
}

function authentication<Endpoint extends 'token' | 'introspection' | 'revocation'> (endpoint: Endpoint) {
  return {
    [`${endpoint}_endpoint_auth_methods_supported`]: clientAuthenticationMethods,
    [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: clientKeyAlgorithms
  } as Record<`${Endpoint}_endpoint_auth_${'methods' | 'signing_alg_values'}_supported`, string[]>
}
