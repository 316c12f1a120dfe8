import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'

const Uuid = Type.String({ format: 'uuid', examples: ['550e8400-e29b-41d4-a716-446655440000'] })
const Time = Type.String({ format: 'date-time', examples: ['2026-01-12T10:30:00Z'] })
const Email = Type.String({ format: 'email', maxLength: 320, examples: ['user@example.com'] })
const Title = Type.String({ format: 'text', minLength: 1, maxLength: 255, examples: ['Buy groceries'] })

export const Signup = Type.Object({
  email: Email,
  password: Type.String({ format: 'password', minLength: minPasswordLength, examples: ['password123'] })
})

export const Login = Type.Object({
  email: Email,
  password: Type.String({ format: 'password', examples: ['password123'] })
})

export const User = Type.Object({ id: Uuid, email: Email, created_at: Time }, { description: 'The account' })
export type User = Static<typeof User>

export const LoggedOut = Type.Object({
  message: Type.Literal('Logged out successfully')
}, { description: 'Signed out' })

export const Task = Type.Object({
  id: Uuid,
  title: Type.String({ examples: ['Buy groceries'] }),
  completed: Type.Boolean({ examples: [false] }),
  user_id: Type.String({ format: 'uuid', examples: ['660e8400-e29b-41d4-a716-446655440001'] }),
  created_at: Time
}, { description: 'The task' })
export type Task = Static<typeof Task>

export const TaskList = Type.Array(Task, { description: 'Tasks in order of creation; a further page is in `Link`' })
export const TaskPath = Type.Object({ task_id: Uuid })
export const TaskCreate = Type.Object({ title: Title })
export const TaskUpdate = Type.Object({ title: Type.Optional(Title), completed: Type.Optional(Type.Boolean()) })

/** A query is text; the pattern says which text is a number from 1 to 1000. */
export const TaskQuery = Type.Object({
  limit: Type.Optional(Type.String({
    pattern: '^(?:[1-9][0-9]{0,2}|1000)$', description: 'At most so many tasks, 1 to 1000; all without it'
  })),
  cursor: Type.Optional(Type.String({
    pattern: '^[0-9]{1,16}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: 'Where a page begins, as the page before gave it'
  }))
})

const Detail = Type.Object({ detail: Type.String({ examples: ['Invalid or expired token'] }) })

const ValidationDetail = Type.Object({
  detail: Type.Array(Type.Object({
    type: Type.String({ examples: ['value_error.email'] }),
    loc: Type.Array(Type.String(), { examples: [['body', 'email']] }),
    msg: Type.String({ examples: ['invalid email format'] })
  }))
}, { description: 'The request is not what the route takes' })

const descriptions = {
  400: 'The body is not JSON',
  401: 'Missing, invalid or expired token, or invalid credentials',
  403: 'The task belongs to another account, or the request comes from a page of another origin',
  404: 'There is no such task',
  409: 'Email already registered',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many attempts; see Retry-After',
  500: 'Unexpected error',
  503: 'Cannot be answered now; see Retry-After'
} as const

/** The error replies of a route: its own statuses and those every route can send. */
export function failures (...statuses: Array<keyof typeof descriptions | 422>) {
  const all = [...statuses, 400, 413, 415, 500, 503] as const
  return Object.fromEntries(all.map(status => [status, status === 422
    ? ValidationDetail
    : { ...Detail, description: descriptions[status] }])) as Record<number, typeof Detail | typeof ValidationDetail>
}
