import { randomBytes } from 'node:crypto'
import { AuthError } from './errors.js'
import { readJws, signJws, verifyJws } from './jws.js'
import type { SigningKeys } from './signing-keys.js'
import { isUuid } from './uuid.js'

/** Claims of an access token (RFC 7519 4.1, RFC 9068 2.2); times in seconds since 1970. */
export interface AccessClaims {
  iss: string
  aud: string
  /** The account's id. */
  sub: string
  /** The session's id. */
  sid: string
  /** The session's generation when the token was made; seeing it confirms the refresh it came from. */
  gen: number
  /** The contract whose sign-in began the session. */
  contract: string
  email: string
  jti: string
  iat: number
  exp: number
}

export interface AccessTokensNeeds {
  keys: Pick<SigningKeys, 'current' | 'find'>
  issuer: string
  audience: string
  /** Milliseconds since 1970. */
  now: () => number
}

export type AccessTokens = ReturnType<typeof createAccessTokens>

const largestGeneration = 2 ** 31 - 1

const isText = (claim: unknown) => typeof claim === 'string'
const isId = (claim: unknown) => typeof claim === 'string' && isUuid(claim)
const isTime = (claim: unknown) => Number.isSafeInteger(claim)
const isGeneration = (claim: unknown) => isTime(claim) && Number(claim) >= 0 && Number(claim) <= largestGeneration

/** Who holds the key may sign anything; only what the database can take goes on to it. */
const claimChecks = {
  iss: isText,
  aud: isText,
  sub: isId,
  sid: isId,
  gen: isGeneration,
  contract: isText,
  email: isText,
  jti: isText,
  iat: isTime,
  exp: isTime
} as const satisfies Record<keyof AccessClaims, (claim: unknown) => boolean>

const tokenIdBytes = 16

/** Makes and reads access tokens; whether the session behind one still lives is another module's question. */
export function createAccessTokens ({ keys, issuer, audience, now }: AccessTokensNeeds) {
  const seconds = () => Math.floor(now() / 1000)

  /**
   * Reads a token that was signed here for here, expired or not.
   * @throws AuthError `invalid_token` (`malformed`, `bad_signature`, `wrong_audience`), or `unavailable`
   */
  async function read (token: string): Promise<AccessClaims> {
    const jws = readJws(token)
    if (jws === null) throw new AuthError('invalid_token', { fault: 'malformed' })
    const key = typeof jws.header.kid === 'string' ? await keys.find(jws.header.kid) : null
    if (key === null || !verifyJws(jws, key)) throw new AuthError('invalid_token', { fault: 'bad_signature' })
    if (!hasAccessClaims(jws.payload)) throw new AuthError('invalid_token', { fault: 'malformed' })
    if (jws.payload.iss !== issuer || jws.payload.aud !== audience) {
      throw new AuthError('invalid_token', { fault: 'wrong_audience' })
    }
    return jws.payload
  }

  return {
    read,

    /**
     * Signs a token that lives `ttl` seconds.
     * @throws AuthError `unavailable` while the signing keys are not loaded
     */
    issue (claims: Pick<AccessClaims, 'sub' | 'sid' | 'gen' | 'contract' | 'email'>, ttl: number): string {
      const iat = seconds()
      return signJws(keys.current(), {
        iss: issuer,
        aud: audience,
        ...claims,
        jti: randomBytes(tokenIdBytes).toString('base64url'),
        iat,
        exp: iat + ttl
      } satisfies AccessClaims)
    },

    /**
     * Reads a token and refuses one that has expired; there is no leeway, since this clock made the times.
     * @throws AuthError `invalid_token`, or `unavailable` while the signing keys are not loaded
     */
    async verify (token: string): Promise<AccessClaims> {
      const claims = await read(token)
      if (claims.exp <= seconds()) throw new AuthError('invalid_token', { fault: 'expired' })
      return claims
    }
  }
}

function hasAccessClaims (payload: object): payload is AccessClaims {
  const claims = payload as Record<string, unknown>
  return Object.entries(claimChecks).every(([name, isGood]) => isGood(claims[name]))
}
