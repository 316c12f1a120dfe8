import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import type { ContractName } from '../../src/contracts/index.js'
import { newPerson, type Person, type Tokens } from './people.js'

/** A route that takes a body, and what it says to one that is not good. */
export interface BodyRoute {
  contract: ContractName
  /** The listener of the test server that has it. */
  listener: 'api' | 'tasks' | 'web'
  path: string
  needsToken?: true
  /** A body it accepts, from somebody who has an account and a session. */
  good: (person: Person & Tokens) => Record<string, string>
  /** What it knows besides. */
  optional?: () => Record<string, string>
  accepted: number
  /** To what is JSON but not the body that it takes, and to what is no JSON. */
  invalid: number
  noJson: number
  /** What text that is no email, password or token may be answered with, by field. */
  nonsense: Record<string, number[]>
}

const partner = { contract: 'partner', listener: 'api', accepted: 200, invalid: 400, noJson: 400 } as const
const session = { contract: 'session', listener: 'api', accepted: 200, invalid: 400, noJson: 400 } as const
const spa = { contract: 'spa', listener: 'api', accepted: 200, invalid: 422, noJson: 422 } as const
const tasks = { contract: 'tasks', listener: 'tasks', accepted: 200, invalid: 422, noJson: 400 } as const
const web = { contract: 'web', listener: 'web', accepted: 200, invalid: 400, noJson: 400 } as const

const account = { contract: 'account', listener: 'api', accepted: 200, invalid: 400, noJson: 400 } as const

const credentials = ({ email, password }: Person) => ({ email, password })
const newCredentials = () => credentials(newPerson())

export const bodyRoutes: readonly BodyRoute[] = [
  { ...partner, path: '/api/auth/login', good: credentials, nonsense: { email: [400], password: [400, 401] } },
  { ...partner, path: '/api/auth/validate-token', good: ({ token }) => ({ token }), nonsense: { token: [401] } },
  {
    ...partner,
    path: '/api/auth/refresh-token',
    good: ({ refreshToken }) => ({ refreshToken }),
    nonsense: { refreshToken: [401] }
  },
  {
    ...partner,
    path: '/api/auth/revoke-token',
    good: ({ refreshToken }) => ({ refreshToken }),
    nonsense: { refreshToken: [200], token: [200] }
  },
  {
    ...session,
    path: '/api/auth/sign-up/email',
    good: () => ({ name: 'John Doe', ...newCredentials() }),
    nonsense: { email: [400] }
  },
  { ...session, path: '/api/auth/sign-in/email', good: credentials, nonsense: { email: [400], password: [400, 401] } },
  {
    ...session,
    path: '/api/auth/revoke-session',
    needsToken: true,
    good: ({ username }) => ({ token: username.slice('u-'.length) }),
    nonsense: { token: [200, 400] }
  },
  {
    ...session,
    path: '/api/auth/change-password',
    needsToken: true,
    good: ({ password }) => ({ currentPassword: password, newPassword: `new ${password}` }),
    nonsense: { currentPassword: [400] }
  },
  { ...spa, path: '/api/auth/register', good: () => ({ ...newPerson() }), accepted: 201, nonsense: { email: [422] } },
  { ...spa, path: '/api/auth/token', good: credentials, nonsense: { email: [401, 422], password: [401, 422] } },
  { ...tasks, path: '/auth/signup', good: newCredentials, accepted: 201, nonsense: { email: [422] } },
  { ...tasks, path: '/auth/login', good: credentials, nonsense: { email: [422], password: [401, 422] } },
  { ...tasks, path: '/tasks', needsToken: true, good: () => ({ title: 'Buy groceries' }), accepted: 201, nonsense: {} },
  { ...web, path: '/auth/register', good: newCredentials, accepted: 201, nonsense: { email: [400] } },
  { ...web, path: '/auth/login', good: credentials, nonsense: { email: [400], password: [400, 401] } },
  {
    ...account,
    path: '/api/account/sign-up',
    good: newCredentials,
    optional: () => ({ name: 'John Doe', username: newPerson().username }),
    accepted: 201,
    nonsense: { email: [400] }
  },
  { ...account, path: '/api/account/sign-in', good: credentials, nonsense: { email: [400], password: [401] } },
  {
    ...account,
    path: '/api/account/password',
    needsToken: true,
    good: ({ password }) => ({ currentPassword: password, newPassword: `new ${password}` }),
    nonsense: { currentPassword: [401] }
  }
]

/** What a stack trace, a library or the database would say, and a refusal must not. */
const internals = /\n\s+at |node_modules|\.[jt]s:\d|postgres|argon2|fastify|FST_|SELECT|INSERT|Unexpected token/i

export interface Refusal {
  text: string
  contentType: string | null | undefined
}

/** Checks that a refusal is JSON in the contract's own shape and says nothing of the server's inside. */
export function isRefusal (t: Test, contract: ContractName, refusal: Refusal): void {
  t.equal(faultOfRefusal(contract, refusal), null)
}

/** What is wrong with a refusal; `null` when it is JSON in the contract's own shape and says nothing of the inside. */
export function faultOfRefusal (contract: ContractName, { text, contentType }: Refusal): string | null {
  if (contentType !== 'application/json; charset=utf-8') return `its type is ${contentType}`
  if (internals.test(text)) return `it tells of the inside: ${text.slice(0, 300)}`
  return hasShape[contract](JSON.parse(text)) ? null : `it has another shape: ${text.slice(0, 300)}`
}

const hasShape: Record<ContractName, (body: unknown) => boolean> = {
  partner: body => isEnvelope(body, 'code', 'message', 'reason', 'retryable'),
  account: body => isEnvelope(body, 'code', 'message', 'reason', 'retryable'),
  admin: body => isEnvelope(body, 'code', 'message', 'reason', 'retryable'),
  ops: body => isEnvelope(body, 'code', 'message'),
  session: body => hasMembers(body, 'code', 'message'),
  spa: body => isDetail(body, 'loc', 'msg', 'type'),
  tasks: body => isDetail(body, 'type', 'loc', 'msg'),
  web: body => hasMembers(body, 'error'),
  oauth: body => hasMembers(body, 'error', 'error_description')
}

/** Whether an object has these members in this order, and no other. */
function hasMembers (value: unknown, ...members: string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && isDeepStrictEqual(Object.keys(value), members)
}

function isEnvelope (body: unknown, ...members: string[]): boolean {
  if (!hasMembers(body, 'success', 'error') || body.success !== false) return false
  const { details = [], ...error } = Object(body.error) as Record<string, unknown>
  return hasMembers(error, ...members) && Array.isArray(details) &&
    details.every(detail => hasMembers(detail, 'path', 'message'))
}

function isDetail (body: unknown, ...members: string[]): boolean {
  if (!hasMembers(body, 'detail')) return false
  const { detail } = body
  return Array.isArray(detail) ? detail.every(problem => hasMembers(problem, ...members)) : typeof detail === 'string'
}
