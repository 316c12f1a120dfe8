import type { RenderedFailure } from '../../http/contract.js'
import type { Problem, Failure, FailureCode } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  detail: string
}

const row = (status: number, detail: string): Row => ({ status, detail })

/** Seed 003's replies and what the seed leaves open. */
export const spaErrors = {
  invalid_credentials: row(401, 'Invalid email or password'),
  wrong_password: row(400, 'Invalid password'),
  invalid_token: row(401, 'Could not validate credentials'),
  invalid_refresh_token: row(401, 'Could not validate credentials'),
  email_taken: row(400, 'Email already registered'),
  username_taken: row(400, 'Username already registered'),
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
  token_missing: row(401, 'Could not validate credentials'),
  invalid_body: row(422, 'the body is not valid'),
  invalid_json: row(422, 'the body is not valid JSON')
} satisfies Record<FailureCode, Row>

interface Detail {
  loc: string[]
  msg: string
  type: string
}

export function renderSpaFailure (failure: Failure): RenderedFailure {
  const { status, detail } = spaErrors[failure.code]
  if (status !== 422) return { status, body: { detail } }
  const problems = failure.problems?.map(toDetail) ?? [{ loc: ['body'], msg: detail, type: 'value_error' }]
  return { status, body: { detail: problems } }
}

/** The words FastAPI's first generation has for each rule, which seed 003 shows. */
function toDetail ({ part, path, keyword, params, message }: Problem): Detail {
  const loc = [part, ...path]
  switch (keyword) {
    case 'required': return { loc, msg: 'field required', type: 'value_error.missing' }
    case 'minLength': return {
      loc, msg: `ensure this value has at least ${params.limit} characters`, type: 'value_error.any_str.min_length'
    }
    case 'maxLength': return {
      loc, msg: `ensure this value has at most ${params.limit} characters`, type: 'value_error.any_str.max_length'
    }
    case 'type': return params.type === 'string'
      ? { loc, msg: 'str type expected', type: 'type_error.str' }
      : { loc, msg: 'value is not a valid dict', type: 'type_error.dict' }
    case 'format': return params.format === 'email'
      ? { loc, msg: 'value is not a valid email address', type: 'value_error.email' }
      : { loc, msg: 'value has characters that cannot be stored, or too many', type: 'value_error.str' }
    default: return { loc, msg: message, type: 'value_error' }
  }
}
