import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  message: string
}

const row = (status: number, message: string): Row => ({ status, message })

export const opsErrors = {
  invalid_credentials: row(401, 'Email or password is incorrect'),
  wrong_password: row(400, 'The current password is incorrect'),
  invalid_token: row(401, 'The token is invalid or expired'),
  invalid_refresh_token: row(401, 'The refresh token is invalid or expired'),
  email_taken: row(409, 'The email is already registered'),
  username_taken: row(409, 'The username is already registered'),
  password_unacceptable: row(400, 'The password is too short or too long'),
  invalid_client: row(401, 'Client authentication failed'),
  unauthorized_client: row(400, 'The client may not use this grant'),
  invalid_scope: row(400, 'The client may not have this scope'),
  invalid_target: row(400, 'The client may not have this audience'),
  invalid_subject_token: row(400, 'The token to exchange is invalid or expired'),
  not_found: row(404, 'There is no such account'),
  task_not_found: row(404, 'There is no such task'),
  task_forbidden: row(403, 'The task belongs to another account'),
  too_many_failures: row(429, 'Too many failed sign-ins'),
  overloaded: row(503, 'Too many sign-ins at once'),
  unavailable: row(503, 'Not ready: the database or the signing keys cannot be read'),
  ...httpFailureRows(row)
} satisfies Record<FailureCode, Row>

export function renderOpsFailure (failure: Failure): RenderedFailure {
  const { status, message } = opsErrors[failure.code]
  return { status, body: { success: false, error: { code: failure.code.toUpperCase(), message } } }
}
