import type { AccessTokens } from './access-token.js'
import { toAccount, type Account } from './account.js'
import type { Keyring } from './keyring.js'
import { writeRefreshToken, type RefreshToken } from './refresh-token.js'
import type { RefreshedRow } from './rotation.js'
import { lifetimesOf, type Lifetimes } from './session-kinds.js'

/** What a client gets for a password. Lifetimes in seconds. */
export interface AccessGrant {
  account: Account
  sessionId: string
  accessToken: string
  expiresIn: number
}

/** What it gets where the contract has refresh tokens. */
export interface Grant extends AccessGrant {
  refreshToken: string
  refreshExpiresIn: number
}

export interface GrantsNeeds {
  keyring: Keyring
  accessTokens: AccessTokens
  policy: Lifetimes
}

export type Grants = ReturnType<typeof createGrants>

/** Turns a session's row into what the client is handed. No token outlives its session. */
export function createGrants ({ keyring, accessTokens, policy }: GrantsNeeds) {
  function access (row: RefreshedRow, sessionId: string): AccessGrant {
    const { accessToken: longest } = lifetimesOf(row.contract, policy)
    const expiresIn = Math.min(longest, Math.round(row.expires_in))
    const accessToken = accessTokens.issue({
      sub: row.id, sid: sessionId, gen: row.generation, contract: row.contract, email: row.email
    }, expiresIn)
    return { account: toAccount(row), sessionId, accessToken, expiresIn }
  }

  return {
    access,

    refreshed (row: RefreshedRow, token: RefreshToken): Grant {
      return {
        ...access(row, token.sessionId),
        refreshToken: writeRefreshToken(keyring, token),
        refreshExpiresIn: Math.round(row.expires_in)
      }
    }
  }
}
