import type { AccessTokens } from '../tokens/access-token.js'
import { ifValid } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { readRefreshToken } from '../tokens/refresh-token.js'
import type { Sessions } from './sessions.js'

export interface SignOutNeeds {
  keyring: Keyring
  accessTokens: AccessTokens
  sessions: Sessions
}

export type SignOut = ReturnType<typeof createSignOut>

/**
 * Ends the session a token belongs to (RFC 7009 2.1). Any token that was issued here will do, also one that has
 * expired or been traded: whoever asks for the end of a session gets it. One that was not issued here does nothing.
 * @throws AuthError `unavailable`
 */
export function createSignOut ({ keyring, accessTokens, sessions }: SignOutNeeds) {
  return {
    async withRefreshToken (text: string, clientInfo: ClientInfo): Promise<void> {
      const token = readRefreshToken(keyring, text)
      if (token !== null) await sessions.end(token.accountId, token.sessionId, 'signed_out', clientInfo)
    },

    /** `audience` is the partner's, for a token that was made for one. */
    async withAccessToken (text: string, clientInfo: ClientInfo, audience?: string): Promise<void> {
      const claims = await ifValid(accessTokens.read(text, audience))
      if (claims !== null) await sessions.end(claims.sub, claims.sid, 'signed_out', clientInfo)
    }
  }
}
