import { ifValid } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Tokens } from '../tokens/index.js'
import type { SessionList } from './sessions.js'

export interface SignOutNeeds {
  tokens: Tokens
  sessions: Pick<SessionList, 'end'>
}

/**
 * Ends the session that a token belongs to (RFC 7009 2.1). Any token that was issued here will do, also one that has
 * expired or been rotated: its holder may end the session. Any other text changes nothing.
 * @throws AuthError `unavailable`
 */
export function createSignOut ({ tokens, sessions }: SignOutNeeds) {
  return {
    async byRefreshToken (text: string, clientInfo: ClientInfo): Promise<void> {
      const token = tokens.refresh.read(text)
      if (token !== null) await sessions.end(token.accountId, token.sessionId, 'signed_out', clientInfo)
    },

    /** @param audience a partner's: tokens that were made for it will do as well */
    async byAccessToken (text: string, clientInfo: ClientInfo, audience?: string): Promise<void> {
      const token = await ifValid(tokens.access.read(text))
      if (token === null || token.kind === 'client') return
      const { kind, claims: { sub, sid, aud } } = token
      if (kind === 'user' || aud === audience) await sessions.end(sub, sid, 'signed_out', clientInfo)
    }
  }
}
