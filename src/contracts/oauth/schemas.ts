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
  response_types_supported: Type.Array(Type.String()),
  service_documentation: Type.String()
}, { description: 'What is enabled' })

const ErrorBody = Type.Object({
  error: Type.String({ examples: ['invalid_request'] }),
  error_description: Type.String({ examples: ['The request body is not valid'] })
})

const descriptions = {
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
