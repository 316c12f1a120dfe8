import type { AccessTokens } from './access-token.js'
import { toAccount, type Account } from './account.js'
import type { Keyring } from './keyring.js'
import { writeRefreshToken, type RefreshToken } from './refresh-token.js'
import type { RefreshedRow } from './rotation.js'

/** What a client gets for a password or for a refresh token. Lifetimes in seconds. */
export interface Grant {
  account: Account
  sessionId: string
  accessToken: string
  expiresIn: number
  refreshToken: string
  refreshExpiresIn: number
}

export interface GrantsNeeds {
  keyring: Keyring
  accessTokens: AccessTokens
  policy: { ACCESS_TOKEN_TTL: number }
}

export type Grants = ReturnType<typeof createGrants>

/** Turns a session row and its refresh token into what the client is handed. */
export function createGrants ({ keyring, accessTokens, policy }: GrantsNeeds) {
  return {
    /** No token outlives its session, whose remaining seconds are in `row.expires_in`. */
    refreshed (row: RefreshedRow, token: RefreshToken): Grant {
      const refreshExpiresIn = Math.round(row.expires_in)
      const expiresIn = Math.min(policy.ACCESS_TOKEN_TTL, refreshExpiresIn)
      const accessToken = accessTokens.issue({
        sub: token.accountId, sid: token.sessionId, gen: row.generation, contract: row.contract, email: row.email
      }, expiresIn)
      return {
        account: toAccount(row),
        sessionId: token.sessionId,
        accessToken,
        expiresIn,
        refreshToken: writeRefreshToken(keyring, token),
        refreshExpiresIn
      }
    }
  }
}
