import { Type } from '@sinclair/typebox'
import { failureSchemas, textOf } from '../../http/failure-schemas.js'
import { example, replyOf } from '../../http/schemas.js'
import { oauthCodes, oauthErrors } from './errors.js'

const Text = Type.String({ maxLength: 8192 })
const optional = (description: string) => Type.Optional(Type.String({ maxLength: 8192, description }))

const Jwk = Type.Object({
  kty: Type.String(),
  use: Type.Literal('sig'),
  alg: Type.String(),
  kid: Type.String(),
  crv: Type.Optional(Type.String()),
  x: Type.Optional(Type.String()),
  y: Type.Optional(Type.String()),
  n: Type.Optional(Type.String()),
  e: Type.Optional(Type.String())
}, { title: 'Jwk', description: 'RFC 7517 4' })

export const Jwks = replyOf(
  Type.Object({ keys: Type.Array(Jwk) }, { title: 'JwkSet' }),
  'The public keys: of tokens in use, of the next key, and of the previous ones while their tokens live',
  {
    keys: [{
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      use: 'sig',
      alg: 'ES256',
      kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U'
    }]
  })

const issuer = 'https://auth.example.com'
const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const algorithms = ['ES256', 'EdDSA', 'RS256']

export const Metadata = replyOf(
  Type.Object({
    issuer: Type.String(),
    jwks_uri: Type.Optional(Type.String()),
    token_endpoint: Type.String(),
    introspection_endpoint: Type.String(),
    revocation_endpoint: Type.String(),
    grant_types_supported: Type.Array(Type.String()),
    token_endpoint_auth_methods_supported: Type.Array(Type.String()),
    token_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
    introspection_endpoint_auth_methods_supported: Type.Array(Type.String()),
    introspection_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
    revocation_endpoint_auth_methods_supported: Type.Array(Type.String()),
    revocation_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
    response_types_supported: Type.Array(Type.String()),
    service_documentation: Type.Optional(Type.String())
  }, { title: 'ServerMetadata' }),
  'The metadata of this authorization server',
  {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    token_endpoint: `${issuer}/oauth/token`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    grant_types_supported: [
      'client_credentials', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'
    ],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    response_types_supported: [],
    service_documentation: `${issuer}/docs`
  })

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

export const clientParameters = {
  client_id: optional('With `client_secret` (client_secret_post, RFC 6749 2.3.1)'),
  client_secret: optional('With `client_id` (client_secret_post, RFC 6749 2.3.1)'),
  client_assertion: optional('A signed JWT of the client (private_key_jwt, RFC 7523 2.2)'),
  client_assertion_type: optional('`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`')
}

export const TokenRequest = Type.Object({
  grant_type: Type.String({
    description: '`refresh_token`, `client_credentials` or `urn:ietf:params:oauth:grant-type:token-exchange`'
  }),
  refresh_token: optional('For `refresh_token`'),
  subject_token: optional('For token exchange: the access token of a user'),
  subject_token_type: optional(`For token exchange: \`${accessTokenType}\``),
  requested_token_type: optional(`For token exchange: \`${accessTokenType}\``),
  actor_token: optional('Refused; the client itself is the actor'),
  audience: optional('The audience of the client'),
  scope: optional('Scopes of the client; all of them when left out'),
  ...clientParameters
}, { title: 'TokenRequest' })

/** Examples of the token request, one for each grant. */
export const tokenRequests = {
  client_credentials: { grant_type: 'client_credentials', scope: 'sessions:read' },
  refresh_token: { grant_type: 'refresh_token', refresh_token: example.refreshToken },
  token_exchange: {
    grant_type: tokenExchange, subject_token: example.accessToken, subject_token_type: accessTokenType
  }
}

export const TokenReply = replyOf(
  Type.Object({
    access_token: Type.String(),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds' }),
    refresh_token: Type.Optional(Type.String()),
    scope: Type.Optional(Type.String()),
    issued_token_type: Type.Optional(Type.String())
  }, { title: 'TokenResponse' }),
  'The token', {
    access_token: example.accessToken, token_type: 'Bearer', expires_in: 3600, scope: 'sessions:read'
  })

const tokenHint = optional('Not needed: every kind of token is recognized')

export const Introspect = Type.Object({ token: Text, token_type_hint: tokenHint, ...clientParameters }, {
  title: 'IntrospectionRequest', examples: [{ token: example.accessToken }]
})

export const Revoke = Type.Object({ token: Text, token_type_hint: tokenHint, ...clientParameters }, {
  title: 'RevocationRequest', examples: [{ token: example.refreshToken }]
})

export const Active = replyOf(
  Type.Object({
    active: Type.Boolean(),
    token_type: Type.Optional(Type.String()),
    iss: Type.Optional(Type.String()),
    aud: Type.Optional(Type.String()),
    sub: Type.Optional(Type.String()),
    sid: Type.Optional(Type.String()),
    username: Type.Optional(Type.String()),
    scope: Type.Optional(Type.String()),
    client_id: Type.Optional(Type.String()),
    act: Type.Optional(Type.Object({ sub: Type.String() })),
    auth_time: Type.Optional(Type.Integer()),
    jti: Type.Optional(Type.String()),
    iat: Type.Optional(Type.Integer()),
    exp: Type.Optional(Type.Integer())
  }, { title: 'Introspection' }),
  'Claims of an active token. An inactive or unknown token returns only `active: false`.',
  {
    active: true,
    token_type: 'Bearer',
    iss: issuer,
    aud: issuer,
    sub: example.id,
    sid: example.sessionId,
    username: example.email,
    jti: 'q1Zc9wT0Q8C4rJ2n',
    iat: 1_768_213_800,
    exp: 1_768_217_400
  })

export const Nothing = replyOf(
  Type.Object({}, { additionalProperties: false, title: 'RevocationResponse' }),
  'The session has ended, or the token was not valid', {})

export const Poll = Type.Object({
  maxEvents: Type.Optional(Type.Integer({ minimum: 0, description: 'At most so many events; 100 is the most' })),
  returnImmediately: Type.Optional(Type.Boolean({ description: 'true does not wait for an event' })),
  ack: Type.Optional(Type.Array(Type.String(), { description: 'The `jti` of events that were processed' })),
  setErrs: Type.Optional(Type.Record(Type.String(), Type.Object({
    err: Type.String(), description: Type.Optional(Type.String())
  }), { description: 'Events that could not be processed; they are not sent again' })),
  ...clientParameters
}, { title: 'PollRequest', examples: [{ returnImmediately: true, maxEvents: 10, ack: ['q1Zc9wT0Q8C4rJ2n'] }] })

export const SetPage = replyOf(
  Type.Object({
    sets: Type.Record(Type.String(), Type.String(), { description: 'Security event tokens (RFC 8417) by their `jti`' }),
    moreAvailable: Type.Boolean()
  }, { title: 'PollResponse' }),
  'Signed events; those that are not acknowledged are sent again',
  { sets: { q1Zc9wT0Q8C4rJ2n: example.accessToken }, moreAvailable: false })

const ErrorBody = Type.Object({
  error: textOf('ErrorCode', 'What is wrong (RFC 6749 5.2); decide by it', oauthCodes),
  error_description: Type.String({ description: 'For people; may change' })
}, { title: 'Error' })

export const failures = failureSchemas(oauthErrors, ErrorBody)

/** Failures of a route about a client's events. */
export const receiverFailures = ['invalid_client', 'invalid_token', 'unauthorized_client', 'no_public_keys'] as const
