import type { AccessTokens } from '../tokens/access-token.js'
import type { Account } from '../accounts/account.js'
import type { Keyring } from '../keys/keyring.js'
import { writeRefreshToken, type RefreshToken } from '../tokens/refresh-token.js'
import type { RefreshedRow } from '../refresh/rotation.js'
import { lifetimesOf, type Lifetimes } from './session-kinds.js'

/** An access token and its session. Lifetimes in seconds. */
export interface AccessTokenGrant {
  sessionId: string
  accessToken: string
  expiresIn: number
}

/** What a client gets for a refresh token. */
export interface RefreshGrant extends AccessTokenGrant {
  refreshToken: string
  refreshExpiresIn: number
}

/** What it gets for a password. */
export interface AccessGrant extends AccessTokenGrant {
  account: Account
}

/** The same where the contract has refresh tokens. */
export interface Grant extends RefreshGrant {
  account: Account
}

export interface GrantsNeeds {
  keyring: Keyring
  accessTokens: AccessTokens
  policy: Lifetimes
}

export type Grants = ReturnType<typeof createGrants>

/** Turns a session's row into what the client is handed. No token outlives its session. */
export function createGrants ({ keyring, accessTokens, policy }: GrantsNeeds) {
  function access (row: RefreshedRow, sessionId: string): AccessTokenGrant {
    const { accessToken: longest } = lifetimesOf(row.contract, policy)
    const expiresIn = Math.min(longest, Math.round(row.expires_in))
    const accessToken = accessTokens.issue({
      sub: row.account_id, sid: sessionId, gen: row.generation, contract: row.contract, email: row.email
    }, expiresIn)
    return { sessionId, accessToken, expiresIn }
  }

  return {
    access,

    refreshed (row: RefreshedRow, token: RefreshToken): RefreshGrant {
      return {
        ...access(row, token.sessionId),
        refreshToken: writeRefreshToken(keyring, token),
        refreshExpiresIn: Math.round(row.expires_in)
      }
    }
  }
}
