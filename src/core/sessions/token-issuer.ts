import type { Tokens } from '../tokens/index.js'
import type { RefreshToken } from '../tokens/refresh-token.js'
import { lifetimesOf, type Lifetimes } from './session-kinds.js'
import type { TokenSubject } from './session-row.js'

/** An access token and its session. Lifetimes in seconds. */
export interface IssuedAccessToken {
  sessionId: string
  accessToken: string
  expiresIn: number
}

/** With the refresh token that goes with it (RFC 6749 5.1). */
export interface IssuedTokens extends IssuedAccessToken {
  refreshToken: string
  refreshExpiresIn: number
}

export interface TokenIssuerNeeds {
  tokens: Tokens
  lifetimes: Lifetimes
}

export type TokenIssuer = ReturnType<typeof createTokenIssuer>

/** Issues the tokens of a session. No token outlives its session. */
export function createTokenIssuer ({ tokens, lifetimes }: TokenIssuerNeeds) {
  function accessToken (subject: TokenSubject, sessionId: string): IssuedAccessToken {
    const { accessToken: maxLifetime } = lifetimesOf(subject.contract, lifetimes)
    const expiresIn = Math.min(maxLifetime, Math.round(subject.expiresIn))
    const token = tokens.access.issue({
      sub: subject.accountId, sid: sessionId, gen: subject.generation, contract: subject.contract, email: subject.email
    }, expiresIn)
    return { sessionId, accessToken: token, expiresIn }
  }

  return {
    accessToken,

    tokenPair (subject: TokenSubject, token: RefreshToken): IssuedTokens {
      return {
        ...accessToken(subject, token.sessionId),
        refreshToken: tokens.refresh.write(token),
        refreshExpiresIn: Math.round(subject.expiresIn)
      }
    }
  }
}
