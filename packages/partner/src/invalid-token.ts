/** Why a token is refused. */
export type InvalidReason =
  'missing' | 'malformed' | 'bad_signature' | 'wrong_issuer' | 'wrong_audience' | 'expired' | 'ended' |
  'insufficient_scope' | 'unavailable'

/** How each reason is answered (RFC 6750 3.1); 503 where it cannot be said whether the token is valid. */
const answers: Record<InvalidReason, { status: 401 | 403 | 503, error?: string, message: string }> = {
  missing: { status: 401, message: 'an access token is needed' },
  malformed: { status: 401, error: 'invalid_token', message: 'that is no access token' },
  bad_signature: { status: 401, error: 'invalid_token', message: 'no key of the issuer signed the token' },
  wrong_issuer: { status: 401, error: 'invalid_token', message: 'the token is of another issuer' },
  wrong_audience: { status: 401, error: 'invalid_token', message: 'the token is for another service' },
  expired: { status: 401, error: 'invalid_token', message: 'the token has expired' },
  ended: { status: 401, error: 'invalid_token', message: 'the session of the token has ended' },
  insufficient_scope: { status: 403, error: 'insufficient_scope', message: 'the token lacks a scope' },
  unavailable: { status: 503, message: 'it cannot be determined now whether the token is valid' }
}

/** In the body where the challenge has no error. */
const withoutError = { 401: 'token_missing', 403: 'insufficient_scope', 503: 'temporarily_unavailable' }

const retryAfterSeconds = 1

interface Detail {
  /** That were needed. */
  scope?: string
  /** Where the metadata of this service is (RFC 9728 5.1). */
  resourceMetadata?: string | undefined
  cause?: unknown
}

/** What `verify` throws. */
export class InvalidToken extends Error {
  readonly reason: InvalidReason
  /** Of the reply. */
  readonly status: 401 | 403 | 503
  /** The whole value of `WWW-Authenticate`; none with 503. */
  readonly challenge: string | undefined
  /** Seconds; with 503. */
  readonly retryAfter: number | undefined
  /** The body of the reply. */
  readonly body: { error: string, error_description: string }

  constructor (reason: InvalidReason, { scope, resourceMetadata, cause }: Detail = {}) {
    const { status, error, message } = answers[reason]
    super(message, { cause })
    this.name = 'InvalidToken'
    this.reason = reason
    this.status = status
    this.retryAfter = status === 503 ? retryAfterSeconds : undefined
    this.challenge = status === 503 ? undefined : challengeOf({ error, scope, resource_metadata: resourceMetadata })
    this.body = { error: error ?? withoutError[status], error_description: message }
  }

  /** The headers of the reply. */
  get headers (): Record<string, string> {
    return {
      'cache-control': 'no-store',
      ...(this.challenge !== undefined && { 'www-authenticate': this.challenge }),
      ...(this.retryAfter !== undefined && { 'retry-after': String(this.retryAfter) })
    }
  }
}

function challengeOf (parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return `Bearer ${given.map(([name, value]) => `${name}="${value}"`).join(', ')}`.trim()
}
