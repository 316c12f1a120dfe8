import type { ErrorReason } from '../../core/errors.js'
import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode, Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import {
  cookieFailures, listenerFailures, mailFailures, proofFailures, signInFailures, signUpFailures, tokenFailures
} from '../../http/failure-schemas.js'

/** The words that Better Auth's client knows. */
export const sessionErrors = failureTable({
  wrong_password: [400, 'Invalid password'],
  invalid_token: [401, 'Unauthorized'],
  token_missing: [401, 'Unauthorized'],
  invalid_refresh_token: [401, 'The session has ended or was already extended; sign in again'],
  email_taken: [422, 'User already exists. Use another email.'],
  too_many_failures: [429, 'Too many failed sign-ins; see the header Retry-After'],
  invalid_code: [400, 'Invalid OTP'],
  invalid_link: [400, 'Invalid token'],
  session_not_fresh: [403, 'Session is not fresh'],
  overloaded: [503, 'Too many sign-ins at once; try again shortly'],
  unavailable: [503, 'Cannot be answered right now; try again shortly'],
  invalid_body: [400, 'Validation Error'],
  foreign_origin: [403, 'Invalid origin'],
  internal: [500, 'Internal Server Error']
})

/** Better Auth's codes, and those that are not the failure's own name. */
const codes: Partial<Record<FailureCode, string>> = {
  invalid_credentials: 'INVALID_EMAIL_OR_PASSWORD',
  wrong_password: 'INVALID_PASSWORD',
  invalid_token: 'UNAUTHORIZED',
  token_missing: 'UNAUTHORIZED',
  invalid_refresh_token: 'SESSION_EXPIRED',
  email_taken: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
  password_unacceptable: 'INVALID_PASSWORD',
  invalid_code: 'INVALID_OTP',
  invalid_link: 'INVALID_TOKEN',
  invalid_body: 'VALIDATION_ERROR',
  invalid_json: 'VALIDATION_ERROR',
  foreign_origin: 'INVALID_ORIGIN',
  internal: 'INTERNAL_SERVER_ERROR'
}

const codeOf = (code: FailureCode): string => codes[code] ?? code.toUpperCase()

interface ProblemWords {
  code: string
  message: string
}

const tooShort = { code: 'PASSWORD_TOO_SHORT', message: 'Password too short' }
const tooLong = { code: 'PASSWORD_TOO_LONG', message: 'Password too long, or not well-formed text' }

/** Rules of a body that have a code of their own. */
const problemWords: Record<string, ProblemWords> = {
  'email format': { code: 'INVALID_EMAIL', message: 'Invalid email' },
  'password minLength': tooShort,
  'newPassword minLength': tooShort,
  'password format': tooLong,
  'newPassword format': tooLong,
  'newEmail format': { code: 'INVALID_EMAIL', message: 'Invalid email' }
}

/** The refusals of the routes and the listener. */
const failures: FailureCode[] = [
  ...listenerFailures, ...signInFailures, ...signUpFailures, ...tokenFailures, 'invalid_refresh_token',
  ...mailFailures, ...proofFailures, 'wrong_contract', 'wrong_password', 'session_not_fresh', ...cookieFailures,
  'internal', 'unavailable'
]

/** Reasons for which a code is refused that have words of their own. */
const codeWords: Partial<Record<ErrorReason, ProblemWords>> = {
  code_expired: { code: 'OTP_EXPIRED', message: 'OTP expired' },
  code_exhausted: { code: 'TOO_MANY_ATTEMPTS', message: 'Too many attempts' }
}

const moreWords = [...Object.values(problemWords), ...Object.values(codeWords)]

export const sessionCodes = [...failures.map(codeOf), ...moreWords.map(({ code }) => code)]

export function renderSessionFailure ({ code, reason, problems: [problem] = [] }: Failure): RenderedFailure {
  const { status, message } = sessionErrors[code]
  if (problem !== undefined) return { status, body: wordsOf(problem) }
  return { status, body: (reason === undefined ? undefined : codeWords[reason]) ?? { code: codeOf(code), message } }
}

function wordsOf ({ part, path, keyword, message }: Problem): ProblemWords {
  const where = [part, ...path].join('.')
  return problemWords[`${path.join('.')} ${keyword}`] ??
    { code: 'VALIDATION_ERROR', message: `[${where}] ${keyword === 'required' ? 'is required' : message}` }
}
