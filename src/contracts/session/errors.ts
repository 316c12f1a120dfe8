import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode, Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import {
  cookieFailures, listenerFailures, signInFailures, signUpFailures, tokenFailures
} from '../../http/failure-schemas.js'

/** The words that Better Auth's client knows. */
export const sessionErrors = failureTable({
  wrong_password: [400, 'Invalid password'],
  invalid_token: [401, 'Unauthorized'],
  token_missing: [401, 'Unauthorized'],
  invalid_refresh_token: [401, 'The session has ended or was already extended; sign in again'],
  email_taken: [422, 'User already exists. Use another email.'],
  too_many_failures: [429, 'Too many failed sign-ins; see the header Retry-After'],
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
  'newPassword format': tooLong
}

/** The refusals of the routes and the listener. */
const failures: FailureCode[] = [
  ...listenerFailures, ...signInFailures, ...signUpFailures, ...tokenFailures, 'invalid_refresh_token',
  'wrong_contract', 'wrong_password', ...cookieFailures, 'internal',
  'unavailable'
]

export const sessionCodes = [...failures.map(codeOf), ...Object.values(problemWords).map(({ code }) => code)]

export function renderSessionFailure ({ code, problems: [problem] = [] }: Failure): RenderedFailure {
  const { status, message } = sessionErrors[code]
  return { status, body: problem === undefined ? { code: codeOf(code), message } : wordsOf(problem) }
}

function wordsOf ({ part, path, keyword, message }: Problem): ProblemWords {
  const where = [part, ...path].join('.')
  return problemWords[`${path.join('.')} ${keyword}`] ??
    { code: 'VALIDATION_ERROR', message: `[${where}] ${keyword === 'required' ? 'is required' : message}` }
}
