import { isUnavailable } from '../db/errors.js'

/** What a verb of the core can refuse with. A contract answers each in its own words, by a table. */
export const authErrorCodes = [
  'invalid_credentials',
  'wrong_password',
  'invalid_token',
  'invalid_refresh_token',
  'email_taken',
  'username_taken',
  'password_unacceptable',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'invalid_subject_token',
  'not_found',
  'task_not_found',
  'task_forbidden',
  'too_many_failures',
  'overloaded',
  'unavailable'
] as const

export type AuthErrorCode = typeof authErrorCodes[number]

/** Why a token is refused. */
export type TokenErrorReason =
  | 'malformed' | 'bad_signature' | 'wrong_audience' | 'unknown' | 'expired' | 'signed_out' | 'revoked' | 'reused'

interface ErrorDetail {
  reason?: TokenErrorReason
  retryAfter?: number
  cause?: unknown
  message?: string
}

/** A refusal by the core. The message is for logs; `code` and `reason` are what a client may be told. */
export class AuthError extends Error {
  readonly code: AuthErrorCode
  /** Set with `invalid_token` and `invalid_refresh_token`. */
  readonly reason: TokenErrorReason | undefined
  /** Seconds after which it is worth trying again; set with `too_many_failures`. */
  readonly retryAfter: number | undefined

  constructor (code: AuthErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? detail.reason ?? code, { cause: detail.cause })
    this.name = 'AuthError'
    this.code = code
    this.reason = detail.reason
    this.retryAfter = detail.retryAfter
  }
}

/** What a check of a token finds; `null` when the token is refused. @throws every other error of the check */
export async function ifValid<Found> (check: Promise<Found>): Promise<Found | null> {
  try {
    return await check
  } catch (error) {
    if (error instanceof AuthError && error.code === 'invalid_token') return null
    throw error
  }
}

/**
 * The core's view of any error: itself if it is one, `unavailable` if the database could not answer (never a
 * reason to send a client away: told 401, it throws its session away), `null` if it is nobody's fault but ours.
 */
export function asAuthError (error: unknown): AuthError | null {
  if (error instanceof AuthError) return error
  return isUnavailable(error) ? new AuthError('unavailable', { cause: error }) : null
}
