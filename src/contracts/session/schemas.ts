import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'

const Email = Type.String({ format: 'email', maxLength: 320, examples: ['user@example.com'] })
const Password = Type.String({ format: 'password', examples: ['password123'] })
const NewPassword = Type.String({ format: 'password', minLength: minPasswordLength, examples: ['password123'] })
const Id = Type.String({ format: 'uuid', examples: ['550e8400-e29b-41d4-a716-446655440000'] })
const Time = Type.String({ format: 'date-time', examples: ['2026-01-12T10:30:00.000Z'] })
const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

export const SignUp = Type.Object({
  name: Type.String({ format: 'line', maxLength: 255, examples: ['John Doe'] }), email: Email, password: NewPassword
})
export const SignIn = Type.Object({ email: Email, password: Password })
export const RevokeSession = Type.Object({
  token: Type.String({ description: 'The `token` that list-sessions shows' })
})
export const ChangePassword = Type.Object({
  currentPassword: Password,
  newPassword: NewPassword,
  revokeOtherSessions: Type.Optional(Type.Boolean({ default: true, description: 'false keeps all other sessions' }))
})

export const User = Type.Object({
  id: Id,
  name: Type.String({ examples: ['John Doe'] }),
  email: Email,
  emailVerified: Type.Boolean(),
  image: Type.Null(),
  createdAt: Time,
  updatedAt: Time
})
export type User = Static<typeof User>

export const Session = Type.Object({
  id: Id,
  token: Type.String({ description: 'The id of the session, to revoke it by; no credential' }),
  userId: Id,
  expiresAt: Time,
  createdAt: Time,
  updatedAt: Time,
  ipAddress: Nullable('Where it began'),
  userAgent: Nullable('What it began with')
})
export type Session = Static<typeof Session>

const Token = Type.String({
  description: 'The access token, as in the cookie; works as a bearer token', examples: ['eyJhbGciOiJFUzI1NiIs...']
})

export const SignedUp = Type.Object({ token: Token, user: User }, { description: 'The account is made' })
export const SignedIn = Type.Object({
  redirect: Type.Literal(false), token: Token, user: User
}, { description: 'Signed in' })
export const CurrentSession = Type.Union([
  Type.Object({ session: Session, user: User }), Type.Null()
], { description: 'The session, or null when nobody is signed in' })
export const Refreshed = Type.Object({
  token: Token, expiresIn: Type.Integer({ description: 'Seconds', examples: [3600] }), session: Session, user: User
}, { description: 'The session is extended' })
export const SessionList = Type.Array(Session, { description: 'The live sessions of the account, newest first' })
export const SignedOut = Type.Object({ success: Type.Literal(true) }, { description: 'Signed out' })
export const Done = Type.Object({ status: Type.Literal(true) }, { description: 'Done' })
export const PasswordChanged = Type.Object({
  token: Nullable('The access token that goes on, when all other sessions were ended'), user: User
}, { description: 'The password is changed' })

const ErrorBody = Type.Object({
  code: Type.String({ examples: ['INVALID_EMAIL_OR_PASSWORD'] }),
  message: Type.String({ examples: ['Invalid email or password'] })
})

const descriptions = {
  400: 'The body is not what the route takes',
  401: 'Not signed in, wrong credentials, or a session that cannot be extended',
  403: 'The request comes from a page of another origin',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The email is taken',
  429: 'Too many attempts; see Retry-After',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures (...statuses: Array<keyof typeof descriptions>): Record<number, typeof ErrorBody> {
  const all = [...statuses, 400, 413, 415, 500, 503] as const
  return Object.fromEntries(all.map(status => [status, { ...ErrorBody, description: descriptions[status] }]))
}
