import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  error: string
}

const row = (status: number, error: string): Row => ({ status, error })

/** Seed 004's replies, with 409 and 400 where the seed tells of its own service's 500s. */
export const webErrors = {
  invalid_credentials: row(401, 'Invalid email or password'),
  wrong_password: row(400, 'Invalid password'),
  invalid_token: row(401, 'Not authenticated'),
  invalid_refresh_token: row(401, 'Not authenticated'),
  email_taken: row(409, 'Email already registered'),
  username_taken: row(409, 'Username already registered'),
  password_unacceptable: row(400, 'Invalid request body'),
  invalid_client: row(401, 'Client authentication failed'),
  unauthorized_client: row(400, 'The client may not use this grant'),
  invalid_scope: row(400, 'The client may not have this scope'),
  invalid_target: row(400, 'The client may not have this audience'),
  invalid_subject_token: row(400, 'The token to exchange is invalid or expired'),
  not_found: row(404, 'Not found'),
  task_not_found: row(404, 'Task not found'),
  task_forbidden: row(403, 'Forbidden'),
  too_many_failures: row(429, 'Too many failed sign-ins, see the header Retry-After'),
  overloaded: row(503, 'Too many sign-ins at once, try again shortly'),
  unavailable: row(503, 'Service unavailable, try again shortly'),
  ...httpFailureRows(row),
  invalid_body: row(400, 'Invalid request body'),
  invalid_json: row(400, 'Invalid JSON body'),
  token_missing: row(401, 'Not authenticated')
} satisfies Record<FailureCode, Row>

export function renderWebFailure (failure: Failure): RenderedFailure {
  const { status, error } = webErrors[failure.code]
  return { status, body: { error } }
}
