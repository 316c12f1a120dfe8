import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode, Problem } from '../../http/failure.js'
import { httpFailureRows } from '../../http/failure-defaults.js'

interface Row {
  status: number
  code: string
  message: string
}

const row = (status: number, code: string, message: string): Row => ({ status, code, message })

/** The codes that Better Auth's client knows, and what they leave open. */
export const sessionErrors = {
  invalid_credentials: row(401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password'),
  wrong_password: row(400, 'INVALID_PASSWORD', 'Invalid password'),
  invalid_token: row(401, 'UNAUTHORIZED', 'Unauthorized'),
  invalid_refresh_token: row(401, 'SESSION_EXPIRED', 'The session has ended or was already extended; sign in again'),
  email_taken: row(422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL', 'User already exists. Use another email.'),
  username_taken: row(422, 'USERNAME_TAKEN', 'The username is already registered'),
  password_unacceptable: row(400, 'INVALID_PASSWORD', 'The password is too short or too long'),
  invalid_client: row(401, 'INVALID_CLIENT', 'Client authentication failed'),
  unauthorized_client: row(400, 'UNAUTHORIZED_CLIENT', 'The client may not use this grant'),
  invalid_scope: row(400, 'INVALID_SCOPE', 'The client may not have this scope'),
  invalid_target: row(400, 'INVALID_TARGET', 'The client may not have this audience'),
  invalid_subject_token: row(400, 'INVALID_SUBJECT_TOKEN', 'The token to exchange is invalid or expired'),
  not_found: row(404, 'NOT_FOUND', 'Not found'),
  task_not_found: row(404, 'NOT_FOUND', 'Not found'),
  task_forbidden: row(403, 'FORBIDDEN', 'Forbidden'),
  too_many_failures: row(429, 'TOO_MANY_FAILURES', 'Too many failed sign-ins; see the header Retry-After'),
  overloaded: row(503, 'OVERLOADED', 'Too many sign-ins at once; try again shortly'),
  unavailable: row(503, 'UNAVAILABLE', 'Cannot be answered right now; try again shortly'),
  ...httpFailureRows((status, message, code) => row(status, code.toUpperCase(), message)),
  invalid_body: row(400, 'VALIDATION_ERROR', 'Validation Error'),
  invalid_json: row(400, 'VALIDATION_ERROR', 'The request body is not valid JSON'),
  token_missing: row(401, 'UNAUTHORIZED', 'Unauthorized'),
  foreign_origin: row(403, 'INVALID_ORIGIN', 'Invalid origin'),
  internal: row(500, 'INTERNAL_SERVER_ERROR', 'Internal Server Error')
} satisfies Record<FailureCode, Row>

/** Rules of a body that have a code of their own. */
const problemRows: Record<string, Row> = {
  'email format': row(400, 'INVALID_EMAIL', 'Invalid email'),
  'password minLength': row(400, 'PASSWORD_TOO_SHORT', 'Password too short'),
  'newPassword minLength': row(400, 'PASSWORD_TOO_SHORT', 'Password too short'),
  'password format': row(400, 'PASSWORD_TOO_LONG', 'Password too long, or not well-formed text'),
  'newPassword format': row(400, 'PASSWORD_TOO_LONG', 'Password too long, or not well-formed text')
}

export function renderSessionFailure ({ code, problems = [] }: Failure): RenderedFailure {
  const [problem] = problems
  const { status, code: name, message } = problem === undefined ? sessionErrors[code] : rowOf(problem)
  return { status, body: { code: name, message } }
}

function rowOf ({ part, path, keyword, message }: Problem): Row {
  const own = problemRows[`${path.join('.')} ${keyword}`]
  const where = [part, ...path].join('.')
  return own ?? row(400, 'VALIDATION_ERROR', `[${where}] ${keyword === 'required' ? 'is required' : message}`)
}
