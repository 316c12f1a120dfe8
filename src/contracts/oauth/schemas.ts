import { Type } from '@sinclair/typebox'

export const Jwks = Type.Object({
  keys: Type.Array(Type.Object({
    kty: Type.String({ examples: ['EC'] }),
    use: Type.Literal('sig'),
    alg: Type.String({ examples: ['ES256'] }),
    kid: Type.String(),
    crv: Type.Optional(Type.String({ examples: ['P-256'] })),
    x: Type.Optional(Type.String()),
    y: Type.Optional(Type.String()),
    n: Type.Optional(Type.String()),
    e: Type.Optional(Type.String())
  }))
}, { description: 'The public keys of access tokens, also those not yet or no longer in use' })

export const Metadata = Type.Object({
  issuer: Type.String({ examples: ['https://auth.example.com'] }),
  jwks_uri: Type.Optional(Type.String({ examples: ['https://auth.example.com/.well-known/jwks.json'] })),
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
  service_documentation: Type.String()
}, { description: 'What is enabled' })

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

const Text = Type.Optional(Type.String({ maxLength: 8192 }))

const clientParameters = {
  client_id: Text,
  client_secret: Text,
  client_assertion: Text,
  client_assertion_type: Text
}

export const TokenRequest = Type.Object({
  grant_type: Type.String({ examples: ['client_credentials'] }),
  refresh_token: Text,
  subject_token: Text,
  subject_token_type: Text,
  requested_token_type: Text,
  actor_token: Text,
  audience: Text,
  scope: Text,
  ...clientParameters
})

export const TokenReply = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ examples: [3600] }),
  refresh_token: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  issued_token_type: Type.Optional(Type.String())
}, { description: 'The token' })

export const Introspect = Type.Object({
  token: Type.String({ maxLength: 8192 }), token_type_hint: Text, ...clientParameters
})

export const Revoke = Type.Object({
  token: Type.String({ maxLength: 8192 }), token_type_hint: Text, ...clientParameters
})

export const Active = Type.Object({
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
  jti: Type.Optional(Type.String()),
  iat: Type.Optional(Type.Integer()),
  exp: Type.Optional(Type.Integer())
}, { description: 'What lives is told; of anything else only that it does not' })

export const Nothing = Type.Object({}, { description: 'The session has ended, or there was none' })

export const Poll = Type.Object({
  maxEvents: Type.Optional(Type.Integer({ minimum: 0 })),
  returnImmediately: Type.Optional(Type.Boolean()),
  ack: Type.Optional(Type.Array(Type.String())),
  setErrs: Type.Optional(Type.Record(Type.String(), Type.Object({
    err: Type.String(), description: Type.Optional(Type.String())
  }))),
  ...clientParameters
})

export const SetPage = Type.Object({
  sets: Type.Record(Type.String(), Type.String()), moreAvailable: Type.Boolean()
}, { description: 'Signed events by their name; those that are not acknowledged are sent again' })

const ErrorBody = Type.Object({
  error: Type.String({ examples: ['invalid_request'] }),
  error_description: Type.String({ examples: ['The request body is not valid'] })
})

const descriptions = {
  400: 'RFC 6749 5.2',
  401: 'Client authentication failed',
  413: 'The body is too large',
  415: 'The body has another type',
  404: 'Tokens are signed with a shared secret, so there are no public keys',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures<Status extends keyof typeof descriptions = never> (...statuses: Status[]) {
  const all = [...statuses, 500, 503] as const
  const schemas: Array<[number, typeof ErrorBody]> =
    all.map(status => [status, { ...ErrorBody, description: descriptions[status] }])
  return Object.fromEntries(schemas) as Record<Status | 500 | 503, typeof ErrorBody>
}
