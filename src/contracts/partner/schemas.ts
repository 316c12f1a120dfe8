import { Type, type Static } from '@sinclair/typebox'

const Email = Type.String({ format: 'email', maxLength: 320, examples: ['user@example.com'] })
const Password = Type.String({ format: 'password', minLength: 1, examples: ['password123'] })
const AccessToken = Type.String({ examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...'] })
const RefreshToken = Type.String({ examples: ['rt_a1b2c3d4e5f6...'] })

export const Login = Type.Object({ email: Email, password: Password })
export const ValidateToken = Type.Object({ token: Type.String({ minLength: 1 }) })
export const RefreshTokenBody = Type.Object({ refreshToken: Type.String({ minLength: 1 }) })
const Token = Type.String({ minLength: 1 })
export const RevokeToken = Type.Union([
  Type.Object({ refreshToken: Token, token: Type.Optional(Token) }),
  Type.Object({ token: Token, refreshToken: Type.Optional(Token) })
])

const Subscription = Type.Object({
  status: Type.String({ examples: ['active'] }),
  plan: Type.String({ examples: ['premium'] }),
  expiresAt: Type.Union([Type.String({ examples: ['2025-12-31T23:59:59Z'] }), Type.Null()])
})

export const User = Type.Object({
  id: Type.String({ examples: ['user_123'] }),
  email: Type.String({ examples: ['user@example.com'] }),
  name: Type.String({ examples: ['John Doe'] }),
  subscription: Subscription
})
export type User = Static<typeof User>

const seconds = (example: number) => Type.Integer({ description: 'Seconds', examples: [example] })

const succeeded = <T extends Parameters<typeof Type.Object>[0]> (description: string, data: T) =>
  Type.Object({ success: Type.Literal(true), data: Type.Object(data) }, { description })

const tokens = {
  token: AccessToken,
  refreshToken: RefreshToken,
  expiresIn: seconds(3600),
  refreshExpiresIn: seconds(2_592_000)
}

export const LoggedIn = succeeded('Signed in', { ...tokens, user: User })
export const Validated = succeeded('The token is good', { valid: Type.Literal(true), user: User })
export const Refreshed = succeeded('The next tokens', tokens)
export const Revoked = succeeded('The session has ended', { revoked: Type.Literal(true) })

export const ErrorBody = Type.Object({
  success: Type.Literal(false),
  error: Type.Object({
    code: Type.String({ examples: ['ERROR_CODE'] }),
    message: Type.String({ examples: ['Human-readable error message'] }),
    reason: Type.String(),
    retryable: Type.Boolean(),
    details: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() })))
  })
})

const descriptions = {
  400: 'The body is not what the route takes',
  401: 'Refused; `reason` says why',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many attempts; see Retry-After',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After. The token may be good'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures (...statuses: Array<keyof typeof descriptions>): Record<number, typeof ErrorBody> {
  const all = [...statuses, 400, 413, 415, 500, 503] as const
  return Object.fromEntries(all.map(status => [status, { ...ErrorBody, description: descriptions[status] }]))
}
