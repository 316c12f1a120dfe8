import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  error: string
  description: string
}

const row = (status: number, error: string, description: string): Row => ({ status, error, description })

/** RFC 6749 5.2; what it has no code for is named after Keyturn's own. */
export const oauthErrors = {
  invalid_credentials: row(400, 'invalid_grant', 'The email or the password is incorrect'),
  wrong_password: row(400, 'invalid_grant', 'The current password is incorrect'),
  invalid_token: row(401, 'invalid_token', 'The token is invalid or expired'),
  invalid_refresh_token: row(400, 'invalid_grant', 'The refresh token is invalid, expired or revoked'),
  email_taken: row(409, 'invalid_request', 'The email is already registered'),
  username_taken: row(409, 'invalid_request', 'The username is already registered'),
  password_unacceptable: row(400, 'invalid_request', 'The password is too short or too long'),
  invalid_client: row(401, 'invalid_client', 'Client authentication failed'),
  unauthorized_client: row(400, 'unauthorized_client', 'The client may not use this grant'),
  invalid_scope: row(400, 'invalid_scope', 'The client may not have this scope'),
  invalid_target: row(400, 'invalid_target', 'The client may not have this audience'),
  invalid_subject_token: row(400, 'invalid_request', 'The token to exchange is invalid or expired'),
  not_found: row(404, 'not_found', 'There is no such account'),
  task_not_found: row(404, 'not_found', 'There is no such task'),
  task_forbidden: row(403, 'access_denied', 'The task belongs to another account'),
  too_many_failures: row(429, 'rate_limited', 'Too many failed sign-ins; see the header Retry-After'),
  overloaded: row(503, 'temporarily_unavailable', 'Too many sign-ins at once; try again shortly'),
  unavailable: row(503, 'temporarily_unavailable', 'Cannot be answered right now; try again shortly'),
  ...httpFailureRows((status, description, code) => row(status, code, description)),
  invalid_body: row(400, 'invalid_request', 'The request body is not valid'),
  invalid_json: row(400, 'invalid_request', 'The request body is not valid JSON'),
  malformed_request: row(400, 'invalid_request', 'The request is not valid HTTP'),
  body_too_large: row(413, 'invalid_request', 'The request body is too large'),
  unsupported_media_type: row(
    415, 'invalid_request', 'Send a form (application/x-www-form-urlencoded); to /oauth/events send JSON'),
  token_missing: row(401, 'invalid_token', 'Send an access token'),
  unknown_route: row(404, 'not_found', 'There is no such route'),
  no_public_keys: row(404, 'not_found', 'Tokens are signed HS256 with a shared secret: ask about them instead'),
  internal: row(500, 'server_error', 'Internal server error')
} satisfies Record<FailureCode, Row>

export function renderOauthFailure (failure: Failure): RenderedFailure {
  const { status, error, description } = oauthErrors[failure.code]
  return { status, body: { error, error_description: description } }
}
