import type { AccessTokens } from '../tokens/access-token.js'
import type { Account } from '../accounts/account.js'
import type { Keyring } from '../keys/keyring.js'
import { writeRefreshToken, type RefreshToken } from '../tokens/refresh-token.js'
import type { RefreshedRow } from '../refresh/rotation.js'
import { lifetimesOf, type Lifetimes } from './session-kinds.js'

/** An access token and its session. Lifetimes in seconds. */
export interface IssuedAccessToken {
  sessionId: string
  accessToken: string
  expiresIn: number
}

/** What a client gets for a refresh token. */
export interface IssuedTokens extends IssuedAccessToken {
  refreshToken: string
  refreshExpiresIn: number
}

/** What it gets for a password. */
export interface AccessGrant extends IssuedAccessToken {
  account: Account
}

/** The same where the contract has refresh tokens. */
export interface Grant extends IssuedTokens {
  account: Account
}

export interface TokenIssuerNeeds {
  keyring: Keyring
  accessTokens: AccessTokens
  policy: Lifetimes
}

export type TokenIssuer = ReturnType<typeof createTokenIssuer>

/** Turns a session's row into what the client is handed. No token outlives its session. */
export function createTokenIssuer ({ keyring, accessTokens, policy }: TokenIssuerNeeds) {
  function accessToken (row: RefreshedRow, sessionId: string): IssuedAccessToken {
    const { accessToken: longest } = lifetimesOf(row.contract, policy)
    const expiresIn = Math.min(longest, Math.round(row.expires_in))
    const accessToken = accessTokens.issue({
      sub: row.account_id, sid: sessionId, gen: row.generation, contract: row.contract, email: row.email
    }, expiresIn)
    return { sessionId, accessToken, expiresIn }
  }

  return {
    accessToken,

    tokenPair (row: RefreshedRow, token: RefreshToken): IssuedTokens {
      return {
        ...accessToken(row, token.sessionId),
        refreshToken: writeRefreshToken(keyring, token),
        refreshExpiresIn: Math.round(row.expires_in)
      }
    }
  }
}
