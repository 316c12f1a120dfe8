/** The codes of every error that the core throws. A contract answers each in its own words, by a table. */
export const authErrorCodes = [
  'invalid_credentials',
  'wrong_password',
  'invalid_token',
  'invalid_refresh_token',
  'wrong_contract',
  'email_taken',
  'username_taken',
  'password_unacceptable',
  'password_common',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'invalid_subject_token',
  'unsupported_token_type',
  'not_found',
  'session_not_found',
  'task_not_found',
  'task_forbidden',
  'task_limit_reached',
  'invalid_code',
  'invalid_link',
  'email_not_verified',
  'deletion_pending',
  'session_not_fresh',
  'insufficient_scope',
  'changed_meanwhile',
  'auth_method_differs',
  'webhook_refused',
  'idempotency_key_reused',
  'request_in_progress',
  'too_many_failures',
  'too_many_mails',
  'too_many_polls',
  'too_many_verifications',
  'stream_exists',
  'stream_not_found',
  'subject_limit_reached',
  'overloaded',
  'mail_unavailable',
  'unavailable'
] as const

export type AuthErrorCode = typeof authErrorCodes[number]

/** Why a token is rejected. */
export const tokenErrorReasons = [
  'malformed', 'bad_signature', 'wrong_audience', 'wrong_client', 'unknown', 'expired', 'signed_out', 'revoked',
  'reused'
] as const

export type TokenErrorReason = typeof tokenErrorReasons[number]

/** Why a code from a mail is refused. */
export const codeErrorReasons = ['code_wrong', 'code_expired', 'code_used', 'code_exhausted'] as const

export type CodeErrorReason = typeof codeErrorReasons[number]

/** Why a link from a mail is refused. */
export const linkErrorReasons = ['token_unknown', 'token_expired', 'token_used'] as const

export type LinkErrorReason = typeof linkErrorReasons[number]

export type ErrorReason = TokenErrorReason | CodeErrorReason | LinkErrorReason

interface ErrorDetail {
  reason?: ErrorReason
  deletesAt?: Date
  retryAfter?: number
  cause?: unknown
  message?: string
  description?: string
  scope?: string
}

/** The only error that the core throws on purpose. The message is for logs; clients may see the rest. */
export class AuthError extends Error {
  readonly code: AuthErrorCode
  /** Set with `invalid_…` of tokens, codes and links. */
  readonly reason: ErrorReason | undefined
  /** Set with `deletion_pending`: when the account is deleted. */
  readonly deletesAt: Date | undefined
  /** Seconds after which a retry makes sense; set with `too_many_…`. */
  readonly retryAfter: number | undefined
  /** What exactly is wrong with the request of a partner's developer (`error_description`, RFC 6749 5.2). */
  readonly description: string | undefined

  /** Set with `insufficient_scope`: the one that is needed (RFC 6750 3.1). */
  readonly scope: string | undefined

  constructor (code: AuthErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? detail.description ?? detail.reason ?? code, { cause: detail.cause })
    this.name = 'AuthError'
    this.code = code
    this.reason = detail.reason
    this.deletesAt = detail.deletesAt
    this.retryAfter = detail.retryAfter
    this.description = detail.description
    this.scope = detail.scope
  }
}

/** The result of a token check, or `null` when it rejects the token. @throws every other error of the check */
export async function ifValid<Found> (check: Promise<Found>): Promise<Found | null> {
  try {
    return await check
  } catch (error) {
    if (error instanceof AuthError && error.code === 'invalid_token') return null
    throw error
  }
}

/**
 * What the database pool rejects with when it cannot answer. Clients must get 503 for it, never 401: at a 401 they
 * throw their session away.
 */
export function unavailable (cause: unknown): AuthError {
  return new AuthError('unavailable', { cause, message: `the database cannot answer now: ${String(cause)}` })
}

/** @param reason of an access token's rejection */
export function invalidToken (reason: TokenErrorReason): AuthError {
  return new AuthError('invalid_token', { reason })
}

/** @param reason of the rejection of what was to be refreshed */
export function invalidRefreshToken (reason: TokenErrorReason): AuthError {
  return new AuthError('invalid_refresh_token', { reason })
}
