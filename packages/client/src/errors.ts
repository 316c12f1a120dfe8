/** With these the server refuses a refresh token for good; everything else leaves the session as it is. */
const finalReasons = new Set(['signed_out', 'revoked', 'expired', 'reused', 'unknown', 'malformed'])

export interface Failure {
  code: string
  reason: string
  message: string
  /** Whether the same call may succeed later. */
  retryable: boolean
  /** Of the reply; 0 without one. */
  status?: number
  /** Seconds after which to try again, if the server said so. */
  retryAfter?: number | undefined
  cause?: unknown
}

/** What every call rejects with; the codes and reasons are those of contract `account`, or made here. */
export class KeyturnError extends Error {
  readonly code: string
  readonly reason: string
  readonly retryable: boolean
  readonly status: number
  readonly retryAfter: number | undefined

  constructor ({ code, reason, message, retryable, status = 0, retryAfter, cause }: Failure) {
    super(message, { cause })
    this.name = 'KeyturnError'
    this.code = code
    this.reason = reason
    this.retryable = retryable
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** Whether a refresh was refused in a way that ends the session. */
export function isFinal (error: unknown): error is KeyturnError {
  return error instanceof KeyturnError && error.code === 'INVALID_REFRESH_TOKEN' && finalReasons.has(error.reason)
}

export const signedOut = (reason = 'signed_out') => new KeyturnError({
  code: 'SIGNED_OUT', reason, message: 'There is no session: sign in first', retryable: false
})
