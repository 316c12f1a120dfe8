import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'

const Email = Type.String({ format: 'email', maxLength: 320, examples: ['user@example.com'] })
const Id = Type.String({ format: 'uuid', examples: ['550e8400-e29b-41d4-a716-446655440000'] })

export const Register = Type.Object({
  email: Email,
  password: Type.String({ format: 'password', minLength: minPasswordLength, examples: ['min-8-characters'] })
})

export const Login = Type.Object({
  email: Email,
  password: Type.String({ format: 'password', minLength: 1, examples: ['plaintext-password'] })
})

export const Registered = Type.Object({
  user: Type.Object({
    id: Id,
    email: Email,
    createdAt: Type.String({ format: 'date-time', examples: ['2026-02-23T00:00:00.000Z'] })
  })
}, { description: 'The account is made' })

export const SignedIn = Type.Object({
  user: Type.Object({ id: Id, email: Email })
}, { description: 'The account' })
export type SignedIn = Static<typeof SignedIn>

const ErrorBody = Type.Object({ error: Type.String({ examples: ['message'] }) })

const descriptions = {
  400: 'The body is not JSON, or not what the route takes',
  401: 'Not signed in, or wrong credentials',
  403: 'The request comes from a page of another origin',
  409: 'Email already registered',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many attempts; see Retry-After',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures (...statuses: Array<keyof typeof descriptions>): Record<number, typeof ErrorBody> {
  const all = [...statuses, 400, 413, 415, 500, 503] as const
  return Object.fromEntries(all.map(status => [status, { ...ErrorBody, description: descriptions[status] }]))
}
