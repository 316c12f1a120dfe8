import { randomUUID } from 'node:crypto'
import { AuthError, type TokenErrorReason } from '../errors.js'
import { readJws, signJws, verifyJws } from '../keys/jws.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { isUuid } from '../lib/uuid.js'

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

/** What makes a token good at one partner only (RFC 8693 4, RFC 9068 2.2). */
export interface Restriction {
  aud: string
  scope: string
  client_id: string
  /** Who acts for the account. */
  act: { sub: string }
}

/** A token that speaks for a client itself, with no account and no session behind it. */
export interface ClientClaims {
  iss: string
  aud: string
  /** The client's id, as in `client_id`. */
  sub: string
  client_id: string
  scope: string
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

const clientClaimChecks = {
  iss: isText,
  aud: isText,
  sub: isText,
  client_id: isText,
  scope: isText,
  jti: isText,
  iat: isTime,
  exp: isTime
} as const satisfies Record<keyof ClientClaims, (claim: unknown) => boolean>

/** Makes and reads access tokens; whether the session behind one still lives is another module's question. */
export function createAccessTokens ({ keys, issuer, audience, now }: AccessTokensNeeds) {
  const seconds = () => Math.floor(now() / 1000)

  /** @throws AuthError `invalid_token` (`malformed`, `bad_signature`, `wrong_audience`), or `unavailable` */
  async function readClaims<Claims extends { iss: string, aud: string }> (
    token: string, hasClaims: (payload: object) => payload is Claims, recipient: string
  ): Promise<Claims> {
    const jws = readJws(token)
    if (jws === null) throw refused('malformed')
    const key = typeof jws.header.kid === 'string' ? await keys.find(jws.header.kid) : null
    if (key === null || !verifyJws(jws, key)) throw refused('bad_signature')
    const claims: object = jws.payload
    if (!hasClaims(claims)) throw refused('malformed')
    if (claims.iss !== issuer || claims.aud !== recipient) throw refused('wrong_audience')
    return claims
  }

  /**
   * Reads a token that was signed here, for here or for the partner named, expired or not.
   * @throws AuthError `invalid_token` (`malformed`, `bad_signature`, `wrong_audience`), or `unavailable`
   */
  const read = (token: string, recipient = audience) => readClaims(token, hasAccessClaims, recipient)

  function unexpired<Claims extends { exp: number }> (claims: Claims): Claims {
    if (claims.exp <= seconds()) throw refused('expired')
    return claims
  }

  const sign = (claims: object, ttl: number) => {
    const iat = seconds()
    return signJws(keys.current(), {
      iss: issuer, aud: audience, ...claims, jti: randomUUID(), iat, exp: iat + ttl
    })
  }

  return {
    read,

    /**
     * Signs a token that lives `ttl` seconds, good everywhere or, restricted, at one partner.
     * @throws AuthError `unavailable` while the signing keys are not loaded
     */
    issue (
      claims: Pick<AccessClaims, 'sub' | 'sid' | 'gen' | 'contract' | 'email'>, ttl: number, restriction?: Restriction
    ): string {
      return sign({ ...claims, ...restriction }, ttl)
    },

    /** Signs a token that speaks for a client. @throws AuthError `unavailable` */
    issueToClient (claims: Pick<ClientClaims, 'aud' | 'sub' | 'client_id' | 'scope'>, ttl: number): string {
      return sign(claims, ttl)
    },

    /**
     * Reads a token and refuses one that has expired; there is no leeway, since this clock made the times.
     * @throws AuthError `invalid_token`, or `unavailable` while the signing keys are not loaded
     */
    async verify (token: string, recipient?: string): Promise<AccessClaims> {
      return unexpired(await read(token, recipient))
    },

    /** The same for a token that speaks for a client. */
    async verifyClient (token: string, recipient: string): Promise<ClientClaims> {
      return unexpired(await readClaims(token, hasClientClaims, recipient))
    }
  }
}

function hasAccessClaims (payload: object): payload is AccessClaims {
  return passes(payload, claimChecks)
}

/** A user's token that was made for a client names the client too, but speaks for somebody else. */
function hasClientClaims (payload: object): payload is ClientClaims {
  const { sub, client_id: clientId, sid } = payload as Record<string, unknown>
  return passes(payload, clientClaimChecks) && sub === clientId && sid === undefined
}

function passes (payload: object, checks: Record<string, (claim: unknown) => boolean>): boolean {
  const claims = payload as Record<string, unknown>
  return Object.entries(checks).every(([name, isGood]) => isGood(claims[name]))
}

function refused (reason: TokenErrorReason): AuthError {
  return new AuthError('invalid_token', { reason })
}
