import { tokenErrorReasons, type TokenErrorReason } from '../../core/errors.js'
import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode, Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import { listenerFailures, signInFailures } from '../../http/failure-schemas.js'

export const partnerErrors = failureTable({
  invalid_credentials: [401, 'Email or password is incorrect'],
  too_many_failures: [429, 'Too many failed sign-ins; see the header Retry-After'],
  overloaded: [503, 'Too many sign-ins at once; try again shortly'],
  unavailable: [503, 'Cannot be answered right now; try again shortly']
})

/** Codes that are not the failure's own name. */
const codes: Partial<Record<FailureCode, string>> = {
  invalid_body: 'VALIDATION_ERROR',
  invalid_json: 'VALIDATION_ERROR',
  body_too_large: 'PAYLOAD_TOO_LARGE',
  unknown_route: 'NOT_FOUND',
  internal: 'INTERNAL_ERROR'
}

/** Why, where it is not the request itself. For a token, its own reason replaces it. */
const reasons = {
  invalid_credentials: 'invalid_credentials',
  invalid_token: 'malformed',
  invalid_refresh_token: 'malformed',
  unknown_route: 'not_found',
  method_not_allowed: 'method_not_allowed',
  too_many_failures: 'rate_limited',
  rate_limited: 'rate_limited',
  overloaded: 'overloaded',
  unavailable: 'overloaded',
  internal: 'internal'
} as const satisfies Partial<Record<FailureCode, string>>

type Reason = TokenErrorReason | typeof reasons[keyof typeof reasons] | 'invalid_body'

const reasonOf: Partial<Record<FailureCode, Reason>> = reasons
const codeOf = (code: FailureCode): string => codes[code] ?? code.toUpperCase()

/** The refusals of the routes and the listener. */
const failures: FailureCode[] = [
  ...listenerFailures, ...signInFailures, 'invalid_token', 'invalid_refresh_token', 'internal', 'unavailable'
]

export const partnerCodes = failures.map(codeOf)

export const partnerReasons: Reason[] = [...tokenErrorReasons, ...Object.values(reasons), 'invalid_body']

/** The shape of a refusal that the partner API's document shows, with `reason`, `retryable` and `details` added. */
export function renderPartnerFailure ({ code, reason, problems }: Failure): RenderedFailure {
  const { status, message } = partnerErrors[code]
  const error = {
    code: codeOf(code),
    message,
    reason: reason ?? reasonOf[code] ?? 'invalid_body',
    retryable: status === 429 || status === 503
  }
  const details = problems?.map(toDetail)
  return { status, body: { success: false, error: details === undefined ? error : { ...error, details } } }
}

function toDetail ({ path, keyword, message }: Problem): { path: string, message: string } {
  return { path: path.join('.') || 'body', message: keyword === 'required' ? 'is required' : message }
}
