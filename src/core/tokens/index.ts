import type { AccessTokenType } from '../keys/jws-engine.js'
import type { Keyring } from '../keys/keyring.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { createAccessTokens } from './access-token.js'
import { readRefreshToken, writeRefreshToken, type RefreshToken } from './refresh-token.js'

export interface TokenSettings {
  /** The `typ` of users' access tokens that are valid at every contract. */
  accessTokenType: AccessTokenType
  /** Whether access tokens have the claim `email`. */
  hasEmail: boolean
}

export interface TokensNeeds {
  keyring: Keyring
  keys: Pick<SigningKeys, 'current' | 'find' | 'findByHeader'>
  issuer: string
  settings: TokenSettings
  /** Milliseconds since 1970. */
  now: () => number
}

export type Tokens = ReturnType<typeof createTokens>

/** Writes and reads tokens; whether its session is live is not checked here. */
export function createTokens ({ keyring, keys, issuer, settings, now }: TokensNeeds) {
  return {
    access: createAccessTokens({
      keys, issuer, audience: issuer, type: settings.accessTokenType, hasEmail: settings.hasEmail, now
    }),
    refresh: {
      /** Returns `null` for a text that was never issued. */
      read: (text: string) => readRefreshToken(keyring, text),
      write: (token: RefreshToken) => writeRefreshToken(keyring, token)
    }
  }
}
