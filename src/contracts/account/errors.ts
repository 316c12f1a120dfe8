import { Type } from '@sinclair/typebox'
import { codeErrorReasons, linkErrorReasons } from '../../core/errors.js'
import { envelope } from '../../http/envelope.js'
import type { Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import {
  listenerFailures, mailFailures, proofFailures, signInFailures, signUpFailures, tokenFailures
} from '../../http/failure-schemas.js'
import { Timestamp } from '../../http/schemas.js'
import { toWholeSeconds } from '../../http/timestamps.js'

export const accountErrors = failureTable({
  invalid_credentials: [401, 'Email or password is incorrect'],
  wrong_password: [401, 'The current password is incorrect'],
  wrong_contract: [403, 'Sign in with POST /api/account/sign-in: the token of another contract cannot do this'],
  too_many_failures: [429, 'Too many failed sign-ins; see the header Retry-After'],
  overloaded: [503, 'Too many sign-ins at once; try again shortly'],
  unavailable: [503, 'Cannot be answered right now; try again shortly']
})

/** Rules of a new password, by the schema's keyword. */
const passwordReasons: Record<string, { reason: string, message: string }> = {
  minLength: { reason: 'password_too_short', message: 'The password is too short' },
  format: { reason: 'password_too_long', message: 'The password is too long, or not well-formed text' }
}

const newPasswords = new Set(['password', 'newPassword'])

/** A new password that breaks a rule, in a body that is right otherwise. */
function refusedPassword ([problem, ...others]: readonly Problem[]) {
  if (problem === undefined || others.length > 0 || !newPasswords.has(problem.path.join('.'))) return null
  const refused = passwordReasons[problem.keyword]
  return refused === undefined ? null : { code: 'PASSWORD_REFUSED', ...refused }
}

/** The shape of contract `partner`, with the reasons of what only an account's own contract does. */
export const { render: renderAccountFailure, errorBody } = envelope({
  table: accountErrors,
  failures: [
    ...listenerFailures, ...signInFailures, ...signUpFailures, ...tokenFailures, ...mailFailures, ...proofFailures,
    'invalid_refresh_token',
    'wrong_contract', 'username_taken', 'wrong_password', 'session_not_found', 'internal', 'unavailable'
  ],
  codes: {
    wrong_contract: 'FORBIDDEN',
    wrong_password: 'INVALID_CREDENTIALS',
    invalid_link: 'INVALID_TOKEN',
    too_many_mails: 'RATE_LIMITED',
    password_unacceptable: 'PASSWORD_REFUSED',
    password_common: 'PASSWORD_REFUSED'
  },
  reasons: {
    token_missing: 'token_missing',
    wrong_contract: 'wrong_contract',
    wrong_password: 'invalid_credentials',
    password_unacceptable: 'password_too_short',
    password_common: 'password_common',
    email_taken: 'email_taken',
    username_taken: 'username_taken',
    registration_closed: 'registration_closed',
    session_not_found: 'not_found',
    invalid_code: 'code_wrong',
    invalid_link: 'token_unknown',
    too_many_mails: 'rate_limited',
    mail_unavailable: 'mail_unavailable'
  },
  ofProblems: refusedPassword,
  moreReasons: [
    ...Object.values(passwordReasons).map(({ reason }) => reason), ...codeErrorReasons, ...linkErrorReasons
  ],
  objectDetails: {
    schema: Type.Object({ deletesAt: Timestamp }, { description: 'With `DELETION_PENDING`' }),
    of: ({ deletesAt }) => deletesAt === undefined ? null : { deletesAt: toWholeSeconds(deletesAt) }
  }
})
