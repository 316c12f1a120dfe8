import { Type, type Static } from '@sinclair/typebox'

export const minSpaPasswordLength = 6

export const Register = Type.Object({
  username: Type.String({ format: 'line', minLength: 3, maxLength: 50, examples: ['johndoe'] }),
  email: Type.String({ format: 'email', maxLength: 320, examples: ['john@example.com'] }),
  password: Type.String({ format: 'password', minLength: minSpaPasswordLength, examples: ['password123'] })
})

export const Token = Type.Object({
  email: Type.String({ format: 'text', maxLength: 320, examples: ['user@example.com'] }),
  password: Type.String({ format: 'password', examples: ['password123'] })
})

export const TokenReply = Type.Object({
  access_token: Type.String({ examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...'] }),
  token_type: Type.Literal('Bearer'),
  user_id: Type.String({ description: 'The id of the account as a string', examples: ['1'] })
}, { description: 'Signed in' })

export const LoggedOut = Type.Object({
  message: Type.Literal('Successfully logged out')
}, { description: 'Signed out, whether there was anything to sign out of or not' })

export const User = Type.Object({
  id: Type.Integer({ examples: [1] }),
  username: Type.String({ examples: ['johndoe'] }),
  email: Type.String({ examples: ['john@example.com'] }),
  created_at: Type.String({ format: 'date-time', examples: ['2026-02-07T10:30:00Z'] }),
  updated_at: Type.String({ format: 'date-time', examples: ['2026-02-07T10:30:00Z'] })
}, { description: 'The account' })
export type User = Static<typeof User>

const Detail = Type.Object({ detail: Type.String({ examples: ['Email already registered'] }) })

const ValidationDetail = Type.Object({
  detail: Type.Array(Type.Object({
    loc: Type.Array(Type.String(), { examples: [['body', 'email']] }),
    msg: Type.String({ examples: ['value is not a valid email address'] }),
    type: Type.String({ examples: ['value_error.email'] })
  }))
}, { description: 'The body is not what the route takes' })

const descriptions = {
  400: 'Email or username is taken',
  401: 'Invalid credentials, or an invalid or missing token',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many attempts; see Retry-After',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures (...statuses: Array<keyof typeof descriptions | 422>) {
  const all = [...statuses, 413, 415, 500, 503] as const
  return Object.fromEntries(all.map(status => [status, status === 422
    ? ValidationDetail
    : { ...Detail, description: descriptions[status] }])) as Record<number, typeof Detail | typeof ValidationDetail>
}
