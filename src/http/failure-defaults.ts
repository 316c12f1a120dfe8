import type { FailureCode } from './failure.js'

type Row = readonly [status: number, message: string]

/** Status (RFC 9110 15, RFC 6585) and message of every failure, where a contract has no words of its own for it. */
export const failureDefaults = {
  invalid_credentials: [401, 'Invalid email or password'],
  wrong_password: [400, 'The current password is incorrect'],
  invalid_token: [401, 'The token is invalid or expired'],
  invalid_refresh_token: [401, 'The refresh token is invalid or expired'],
  wrong_contract: [403, 'Sign in with POST /api/auth/sign-in/email: the token of another contract cannot do this'],
  email_taken: [409, 'Email already registered'],
  username_taken: [409, 'Username already registered'],
  password_unacceptable: [400, 'The password is too short or too long'],
  password_common: [400, 'The password is one of the most used, or a name of yours or of this service; choose another'],
  invalid_client: [401, 'Client authentication failed'],
  unauthorized_client: [400, 'The client lacks the grant for this'],
  invalid_scope: [400, 'The client may not have this scope'],
  invalid_target: [400, 'The client may not have this audience'],
  invalid_subject_token: [400, 'The token to exchange is invalid or expired'],
  not_found: [404, 'Not found'],
  session_not_found: [404, 'There is no such session'],
  task_not_found: [404, 'Task not found'],
  task_forbidden: [403, 'You do not have permission to access this resource'],
  task_limit_reached: [403, 'The account has as many tasks as it can have; delete some first'],
  invalid_code: [401, 'The code is wrong, was used, or has expired'],
  invalid_link: [401, 'The link was used or has expired; ask for another mail'],
  email_not_verified: [403, 'Confirm the email address first, with the mail that was sent to it'],
  deletion_pending: [403, 'The account is about to be deleted; cancel that with POST /api/account/me/deletion/cancel'],
  too_many_failures: [429, 'Too many failed sign-ins, see the header Retry-After'],
  session_not_fresh: [403, 'Sign in again first: this needs a sign-in of the last ten minutes'],
  insufficient_scope: [403, 'The token lacks the scope for this'],
  changed_meanwhile: [412, 'It was changed meanwhile; read it again'],
  auth_method_differs: [409, 'A client with a secret is given no keys, and one that signs no secret: make another one'],
  webhook_refused: [400, 'Webhooks are sent to https addresses on the public internet only'],
  idempotency_key_reused: [422, 'Another request had this Idempotency-Key; give each request its own'],
  request_in_progress: [409, 'The same request is still being answered, see the header Retry-After'],
  too_many_mails: [429, 'Too many mails were asked for, see the header Retry-After'],
  too_many_polls: [429, 'Too many polls of the client wait at once, see the header Retry-After'],
  too_many_verifications: [429, 'One verification a minute, see the header Retry-After'],
  stream_exists: [409, 'The client has a stream already: read it with GET /ssf/streams, or change it with PATCH'],
  stream_not_found: [404, 'The client has no such stream'],
  subject_limit_reached: [403, 'The stream has as many removed subjects as it can have'],
  overloaded: [503, 'Too many sign-ins at once, try again shortly'],
  mail_unavailable: [503, 'The operator has not set this service up to send mails'],
  unavailable: [503, 'Service unavailable, try again shortly'],
  invalid_body: [400, 'The request body is not valid'],
  invalid_json: [400, 'The request body is not valid JSON'],
  malformed_request: [400, 'The request is not valid HTTP'],
  request_timeout: [408, 'The request took too long to arrive'],
  headers_too_large: [431, 'The request headers are too large'],
  body_too_large: [413, 'The request body is too large'],
  unsupported_media_type: [415, 'Send the header Content-Type: application/json'],
  unknown_route: [404, 'There is no such route'],
  method_not_allowed: [405, 'The route does not take this method'],
  token_missing: [401, 'Send an access token'],
  foreign_origin: [403, 'The request comes from a page of another origin'],
  cookie_repeated: [400, 'The session cookie is sent twice; clear the cookies of this site and its parent domains'],
  registration_closed: [403, 'Accounts are made by the operator of this service only'],
  rate_limited: [429, 'Too many requests, see the header Retry-After'],
  unsupported_grant_type: [400, 'There is no such grant type'],
  unsupported_token_type: [400, 'Tokens of this type cannot be revoked; they expire on their own.'],
  no_public_keys: [404, 'Tokens are signed with a shared secret, so there is no JWKS. Use token introspection.'],
  internal: [500, 'Internal server error']
} as const satisfies Record<FailureCode, Row>

type Defaults = typeof failureDefaults
type OwnRows = Partial<Record<FailureCode, Row>>

/** Status and message of every failure in one contract; each status is a literal type. */
export type FailureTable<Own extends OwnRows = OwnRows> = {
  [Code in FailureCode]: {
    status: Own[Code] extends readonly [infer Status extends number, string] ? Status : Defaults[Code][0]
    message: string
  }
}

/** The defaults, save for the rows that a contract words itself. */
export function failureTable<const Own extends OwnRows> (own: Own): FailureTable<Own> {
  const rows = Object.entries<Row>({ ...failureDefaults, ...own })
  return Object.fromEntries(rows.map(([code, [status, message]]) => [code, { status, message }])) as FailureTable<Own>
}
