import { ifValid } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Tokens } from '../tokens/index.js'
import type { SessionList } from './sessions.js'

export interface SignOutNeeds {
  tokens: Tokens
  sessions: Pick<SessionList, 'end'>
}

/** A client of a partner service. */
interface SigningOut {
  id: string
  audience: string
}

/**
 * Ends the session that a token belongs to (RFC 7009 2.1). Any token that was issued here will do, also one that has
 * expired or been rotated: its holder may end the session. Any other text changes nothing.
 * @throws AuthError `unavailable`; to a client also `invalid_refresh_token`
 */
export function createSignOut ({ tokens, sessions }: SignOutNeeds) {
  return {
    /** @param client by which the session is ended: not if another one refreshes it */
    async byRefreshToken (text: string, clientInfo: ClientInfo, client?: SigningOut): Promise<void> {
      const token = tokens.refresh.read(text)
      if (token !== null) await sessions.end(token.accountId, token.sessionId, 'signed_out', clientInfo, client?.id)
    },

    /** @param client as above; tokens that were made for its audience will do as well */
    async byAccessToken (text: string, clientInfo: ClientInfo, client?: SigningOut): Promise<void> {
      const token = await ifValid(tokens.access.read(text))
      if (token === null || token.kind === 'client') return
      const { kind, claims: { sub, sid, aud } } = token
      const isTakenHere = kind === 'user' || aud === client?.audience
      if (isTakenHere) await sessions.end(sub, sid, 'signed_out', clientInfo, client?.id)
    }
  }
}
