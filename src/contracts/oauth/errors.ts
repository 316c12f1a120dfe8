import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import { bodyFailures, listenerFailures } from '../../http/failure-schemas.js'

export const oauthErrors = failureTable({
  invalid_refresh_token: [400, 'The refresh token is invalid, expired, revoked, or of another client'],
  unavailable: [503, 'Cannot be answered right now; try again shortly'],
  unsupported_media_type: [415, 'Send a form (application/x-www-form-urlencoded); to /oauth/events and /ssf send JSON']
})

/** RFC 6749 5.2, RFC 7009 2.2.1, RFC 8693 2.2.2; what these have no code for has the failure's own name. */
const codes: Partial<Record<FailureCode, string>> = {
  invalid_refresh_token: 'invalid_grant',
  invalid_subject_token: 'invalid_request',
  unavailable: 'temporarily_unavailable',
  invalid_body: 'invalid_request',
  invalid_json: 'invalid_request',
  malformed_request: 'invalid_request',
  body_too_large: 'invalid_request',
  unsupported_media_type: 'invalid_request',
  unknown_route: 'not_found',
  no_public_keys: 'not_found',
  stream_not_found: 'not_found',
  internal: 'server_error'
}

const codeOf = (code: FailureCode): string => codes[code] ?? code

/** The refusals of the routes and the listener. */
const failures: FailureCode[] = [
  ...listenerFailures, ...bodyFailures, 'invalid_client', 'unauthorized_client', 'invalid_refresh_token',
  'invalid_scope', 'invalid_target', 'invalid_subject_token', 'unsupported_grant_type', 'unsupported_token_type',
  'invalid_token', 'too_many_polls', 'too_many_verifications', 'stream_exists', 'stream_not_found',
  'subject_limit_reached', 'no_public_keys', 'internal', 'unavailable'
]

export const oauthCodes = failures.map(codeOf)

/** Characters that `error_description` may not have (RFC 6749 5.2). */
const unwritable = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g
const maxDescription = 200

export function renderOauthFailure (failure: Failure): RenderedFailure {
  const { status, message } = oauthErrors[failure.code]
  const description = (describe(failure) ?? message).replaceAll('"', "'").replace(unwritable, '?')
  return { status, body: { error: codeOf(failure.code), error_description: description.slice(0, maxDescription) } }
}

/** Names the parameter that is missing or wrong. */
function describe ({ description, problems: [problem] = [] }: Failure): string | undefined {
  if (problem === undefined) return description
  const name = problem.path.join('.') || 'the body'
  const { keyword, message, params: { allowedValue, allowedValues = [allowedValue] } } = problem
  if (keyword === 'const' || keyword === 'enum') return `${name} must be ${(allowedValues as string[]).join(' or ')}`
  return keyword === 'required' ? `${name} is missing` : `${name} ${message}`
}
