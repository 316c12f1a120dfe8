import { randomUUID } from 'node:crypto'
import { invalidToken } from '../errors.js'
import type { AccessTokenType } from '../keys/jws-engine.js'
import { readSigned, signJws } from '../keys/jws.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import {
  hasAccessClaims, hasClientClaims, type AccessClaims, type ClientClaims, type Restriction
} from './claims.js'

/**
 * A token that was signed here, expired or not: a user's, valid at every contract; a user's that was issued for one
 * partner, whose audience is `aud`; or a client's own, for the audience `aud`. Whether its session is live is not
 * checked here.
 */
export type AccessToken = { isExpired: boolean } & (
  | { kind: 'user', claims: AccessClaims }
  | { kind: 'partner', claims: AccessClaims }
  | { kind: 'client', claims: ClientClaims }
)

export interface AccessTokensNeeds {
  keys: Pick<SigningKeys, 'current' | 'find' | 'findByHeader'>
  issuer: string
  audience: string
  /** Of users' tokens that are valid at every contract. */
  type: AccessTokenType
  /** Whether tokens have the claim `email`. */
  hasEmail: boolean
  /** Milliseconds since 1970. */
  now: () => number
}

/** The claims that say whose token it is, and of which session. */
type Subject = Pick<AccessClaims, 'sub' | 'sid' | 'gen' | 'contract'> & { email: string }

export type AccessTokens = ReturnType<typeof createAccessTokens>

/** Issues and reads access tokens (RFC 7519, RFC 9068). */
export function createAccessTokens ({ keys, issuer, audience, type, hasEmail, now }: AccessTokensNeeds) {
  const seconds = () => Math.floor(now() / 1000)

  const sign = (claims: object, ttl: number, typ: AccessTokenType) => {
    const iat = seconds()
    return signJws(keys.current(), {
      iss: issuer, aud: audience, ...claims, jti: randomUUID(), iat, exp: iat + ttl
    }, typ)
  }

  /** There is no leeway, since this clock made the times. Keyturn writes no `nbf`; a holder of JWT_SECRET may. */
  const toToken = (claims: object & { nbf?: unknown }): AccessToken | null => {
    if (claims.nbf !== undefined && !(typeof claims.nbf === 'number' && claims.nbf <= seconds())) return null
    if (hasAccessClaims(claims)) {
      return { kind: claims.aud === audience ? 'user' : 'partner', claims, isExpired: claims.exp <= seconds() }
    }
    return hasClientClaims(claims) ? { kind: 'client', claims, isExpired: claims.exp <= seconds() } : null
  }

  /**
   * Verifies a token's signature, once, and returns its kind and claims.
   * @throws AuthError `invalid_token` (`malformed`, `bad_signature`, `wrong_audience` for another issuer's), or
   * `unavailable` while the signing keys are not loaded
   */
  async function read (token: string): Promise<AccessToken> {
    const read = toToken(await readSigned(token, keys))
    if (read === null) throw invalidToken('malformed')
    if (read.claims.iss !== issuer) throw invalidToken('wrong_audience')
    return read
  }

  return {
    read,

    /**
     * The claims of a user's token that is valid at every contract and has not expired.
     * @throws AuthError `invalid_token`, or `unavailable` while the signing keys are not loaded
     */
    async verify (token: string): Promise<AccessClaims> {
      const { kind, claims, isExpired } = await read(token)
      if (kind === 'client') throw invalidToken('malformed')
      if (kind === 'partner') throw invalidToken('wrong_audience')
      if (isExpired) throw invalidToken('expired')
      return claims
    },

    /**
     * Signs a token that is valid for `ttl` seconds, at every contract or, restricted, at one partner.
     * @throws AuthError `unavailable` while the signing keys are not loaded
     */
    issue (subject: Subject, ttl: number, restriction?: Restriction): string {
      // What is undefined is no claim.
      const claims = hasEmail ? subject : { ...subject, email: undefined }
      if (restriction !== undefined) return sign({ ...claims, ...restriction }, ttl, 'at+jwt')
      // RFC 9068 2.2 asks for a client: it is the contract that signed the user in.
      return sign(type === 'at+jwt' ? { ...claims, client_id: claims.contract } : claims, ttl, type)
    },

    /** Signs a token of a client, valid for `ttl` seconds. @throws AuthError `unavailable` */
    issueToClient (claims: Pick<ClientClaims, 'aud' | 'sub' | 'client_id' | 'scope'>, ttl: number): string {
      return sign(claims, ttl, 'at+jwt')
    }
  }
}
