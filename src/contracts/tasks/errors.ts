import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode, Problem } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  detail: string
}

const row = (status: number, detail: string): Row => ({ status, detail })

/** Seed 002's replies and what the seed leaves open. */
export const tasksErrors = {
  invalid_credentials: row(401, 'Invalid email or password'),
  wrong_password: row(400, 'Invalid password'),
  invalid_token: row(401, 'Invalid or expired token'),
  invalid_refresh_token: row(401, 'Invalid or expired token'),
  email_taken: row(409, 'Email already registered'),
  username_taken: row(409, 'Username already registered'),
  password_unacceptable: row(422, 'the password is too short or too long'),
  invalid_client: row(401, 'Client authentication failed'),
  unauthorized_client: row(400, 'The client may not use this grant'),
  invalid_scope: row(400, 'The client may not have this scope'),
  invalid_target: row(400, 'The client may not have this audience'),
  invalid_subject_token: row(400, 'The token to exchange is invalid or expired'),
  not_found: row(404, 'Not found'),
  task_not_found: row(404, 'Task not found'),
  task_forbidden: row(403, 'You do not have permission to access this resource'),
  too_many_failures: row(429, 'Too many failed sign-ins, see the header Retry-After'),
  overloaded: row(503, 'Too many sign-ins at once, try again shortly'),
  unavailable: row(503, 'Service unavailable, try again shortly'),
  ...httpFailureRows(row),
  invalid_body: row(422, 'the request is not valid'),
  token_missing: row(401, 'Invalid or expired token'),
  foreign_origin: row(403, 'You do not have permission to access this resource')
} satisfies Record<FailureCode, Row>

interface Detail {
  type: string
  loc: string[]
  msg: string
}

export function renderTasksFailure (failure: Failure): RenderedFailure {
  const { status, detail } = tasksErrors[failure.code]
  if (status !== 422) return { status, body: { detail } }
  const problems = failure.problems?.map(toDetail) ?? [{ type: 'value_error', loc: ['body'], msg: detail }]
  return { status, body: { detail: problems } }
}

/** Seed 002's words for each rule, or words like them. */
function toDetail ({ part, path, keyword, params, message }: Problem): Detail {
  const loc = [part, ...path]
  switch (keyword) {
    case 'required': return { type: 'value_error.missing', loc, msg: 'field required' }
    case 'minLength': return {
      type: 'value_error.string.too_short', loc, msg: `ensure this value has at least ${params.limit} characters`
    }
    case 'maxLength': return {
      type: 'value_error.string.too_long', loc, msg: `ensure this value has at most ${params.limit} characters`
    }
    case 'type': return { type: `type_error.${params.type}`, loc, msg: `value is not a valid ${params.type}` }
    case 'format': return params.format === 'email'
      ? { type: 'value_error.email', loc, msg: 'invalid email format' }
      : { type: `value_error.${params.format}`, loc, msg: `value is not a valid ${params.format}` }
    default: return { type: 'value_error', loc, msg: message }
  }
}
