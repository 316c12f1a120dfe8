import { createRemoteJWKSet, customFetch, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { InvalidToken, type InvalidReason } from './invalid-token.js'
import type { Issuer } from './issuer.js'

/** The claims of an access token (RFC 9068 2.2), as far as they are used. */
export interface AccessClaims extends JWTPayload {
  sub: string
  /** The session; a client's own token has none. */
  sid?: string
  client_id?: string
  scope?: string
  email?: string
}

export interface TokenVerifierOptions {
  issuer: string
  audience: string
  fetch: typeof globalThis.fetch
  source: Pick<Issuer, 'metadata'>
}

/** A new key is asked for at most once in this time. */
const cooldownMs = 30_000
const maxKeyAgeMs = 300_000
/** Seconds. */
const clockTolerance = 5
const algorithms = ['ES256', 'EdDSA', 'RS256']
const types = new Set(['JWT', 'at+jwt', 'application/at+jwt'])

/** Verifies signature and claims with the published keys of the issuer (RFC 7519 7.2, RFC 9068 4). */
export function createTokenVerifier ({ issuer, audience, fetch, source }: TokenVerifierOptions) {
  let keys: ReturnType<typeof createRemoteJWKSet> | null = null
  /** Milliseconds since 1970. */
  let fetchedAt = -Infinity

  async function keySet () {
    if (keys !== null) return keys
    const { jwksUri } = await source.metadata()
    keys = createRemoteJWKSet(new URL(jwksUri), {
      cooldownDuration: cooldownMs,
      cacheMaxAge: maxKeyAgeMs,
      [customFetch]: async (url, init) => {
        const reply = await fetch(url, init)
        if (reply.ok) fetchedAt = Date.now()
        return reply
      }
    })
    return keys
  }

  /** A set that is older than the token may lack its key; then nothing can be said. */
  function isKeyMissing (token: string): boolean {
    return fetchedAt / 1000 < Number(decodeJwt(token).iat)
  }

  function refusalOf (token: string, error: unknown): InvalidToken {
    const isUndecided = error instanceof errors.JWKSNoMatchingKey && isKeyMissing(token)
    return new InvalidToken(isUndecided ? 'unavailable' : reasonOf(error), { cause: error })
  }

  return {
    /** @throws InvalidToken `unavailable` when the keys cannot be had; with the reason when the token is refused */
    async verify (token: string): Promise<AccessClaims> {
      try {
        const { payload, protectedHeader: { typ } } = await jwtVerify(token, await keySet(), {
          issuer, audience, algorithms, clockTolerance, requiredClaims: ['sub', 'exp', 'iat', 'jti']
        })
        if (!types.has(String(typ))) throw new InvalidToken('malformed')
        return payload as AccessClaims
      } catch (error) {
        throw error instanceof InvalidToken ? error : refusalOf(token, error)
      }
    },

    /** The claims of a security event token (RFC 8417). @throws InvalidToken, as `verify` does */
    async verifyEvent (token: string): Promise<JWTPayload> {
      try {
        const { payload } = await jwtVerify(token, await keySet(), { issuer, typ: 'secevent+jwt', algorithms })
        return payload
      } catch (error) {
        throw refusalOf(token, error)
      }
    },

    /** Seconds since the keys were fetched; `null` before. */
    get keyAgeSeconds (): number | null {
      return fetchedAt === -Infinity ? null : Math.round((Date.now() - fetchedAt) / 1000)
    }
  }
}

function reasonOf (error: unknown): InvalidReason {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reasons: Record<string, InvalidReason> = { iss: 'wrong_issuer', aud: 'wrong_audience' }
    return reasons[error.claim] ?? 'malformed'
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return 'bad_signature'
  }
  const isOfToken = [
    errors.JWSInvalid, errors.JWTInvalid, errors.JOSEAlgNotAllowed, errors.JOSENotSupported
  ].some(type => error instanceof type)
  return isOfToken ? 'malformed' : 'unavailable'
}
