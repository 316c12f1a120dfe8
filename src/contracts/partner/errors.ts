import type { TokenErrorReason } from '../../core/errors.js'
import type { RenderedFailure } from '../../http/contract.js'
import type { Problem, Failure, FailureCode, HttpFailureCode } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

type Reason =
  | TokenErrorReason | 'invalid_body' | 'invalid_credentials' | 'rate_limited' | 'overloaded'
  | 'not_found' | 'method_not_allowed' | 'internal'

interface Row {
  status: number
  code: string
  /** Replaced by the token's fault where there is one. */
  reason: Reason
  message: string
  retryable: boolean
}

const row = (status: number, code: string, reason: Reason, message: string, retryable = false): Row =>
  ({ status, code, reason, message, retryable })

const httpCodes: Partial<Record<HttpFailureCode, string>> = {
  invalid_body: 'VALIDATION_ERROR',
  invalid_json: 'VALIDATION_ERROR',
  body_too_large: 'PAYLOAD_TOO_LARGE',
  unknown_route: 'NOT_FOUND',
  internal: 'INTERNAL_ERROR'
}

const httpReasons: Partial<Record<HttpFailureCode, Reason>> = {
  unknown_route: 'not_found',
  no_public_keys: 'not_found',
  token_missing: 'malformed',
  method_not_allowed: 'method_not_allowed',
  rate_limited: 'rate_limited',
  internal: 'internal'
}

/** Seed 001's codes and what the seed leaves open, for everything that can go wrong. */
export const partnerErrors = {
  invalid_credentials: row(401, 'INVALID_CREDENTIALS', 'invalid_credentials', 'Email or password is incorrect'),
  wrong_password: row(400, 'WRONG_PASSWORD', 'invalid_credentials', 'The current password is incorrect'),
  invalid_token: row(401, 'INVALID_TOKEN', 'malformed', 'The token is invalid or expired'),
  invalid_refresh_token: row(401, 'INVALID_REFRESH_TOKEN', 'malformed', 'The refresh token is invalid or expired'),
  email_taken: row(409, 'EMAIL_TAKEN', 'invalid_body', 'The email is already registered'),
  username_taken: row(409, 'USERNAME_TAKEN', 'invalid_body', 'The username is already registered'),
  password_unacceptable: row(400, 'VALIDATION_ERROR', 'invalid_body', 'The password is too short or too long'),
  invalid_client: row(401, 'INVALID_CLIENT', 'invalid_body', 'Client authentication failed'),
  unauthorized_client: row(400, 'UNAUTHORIZED_CLIENT', 'invalid_body', 'The client may not use this grant'),
  invalid_scope: row(400, 'INVALID_SCOPE', 'invalid_body', 'The client may not have this scope'),
  invalid_target: row(400, 'INVALID_TARGET', 'invalid_body', 'The client may not have this audience'),
  invalid_subject_token: row(
    400, 'INVALID_SUBJECT_TOKEN', 'invalid_body', 'The token to exchange is invalid or expired'),
  not_found: row(404, 'NOT_FOUND', 'not_found', 'There is no such account'),
  task_not_found: row(404, 'TASK_NOT_FOUND', 'not_found', 'There is no such task'),
  task_forbidden: row(403, 'TASK_FORBIDDEN', 'not_found', 'The task belongs to another account'),
  too_many_failures: row(
    429, 'TOO_MANY_FAILURES', 'rate_limited', 'Too many failed sign-ins; see the header Retry-After', true),
  overloaded: row(503, 'OVERLOADED', 'overloaded', 'Too many sign-ins at once; try again shortly', true),
  unavailable: row(503, 'UNAVAILABLE', 'overloaded', 'Cannot be answered right now; try again shortly', true),
  ...httpFailureRows((status, message, code) =>
    row(status, httpCodes[code] ?? code.toUpperCase(), httpReasons[code] ?? 'invalid_body', message, status === 429))
} satisfies Record<FailureCode, Row>

export function renderPartnerFailure (failure: Failure): RenderedFailure {
  const { status, code, message, reason, retryable } = partnerErrors[failure.code]
  const error = { code, message, reason: failure.reason ?? reason, retryable }
  const details = failure.problems?.map(toDetail)
  return { status, body: { success: false, error: details === undefined ? error : { ...error, details } } }
}

function toDetail ({ path, keyword, message }: Problem): { path: string, message: string } {
  return { path: path.join('.') || 'body', message: keyword === 'required' ? 'is required' : message }
}
