import type { Database } from '../../db/database.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Refresh } from '../refresh/index.js'
import type { Lifetimes, Sessions } from '../sessions/index.js'
import type { Tokens } from '../tokens/index.js'
import type { Validation } from '../validation/validation.js'
import { createClients, requireGrant, type Client } from './clients.js'
import { createIntrospection, type ActiveToken } from './introspection.js'
import { createPartnerTokens } from './partner-tokens.js'

export interface PartnersNeeds {
  db: Pick<Database, 'sql' | 'query'>
  tokens: Tokens
  sessions: Pick<Sessions, 'signOut'>
  refresh: Pick<Refresh, 'trade'>
  validation: Pick<Validation, 'authenticate' | 'authenticateFresh'>
  issuer: string
  /** In seconds; a partner's tokens have the lifetime of access tokens that can be refreshed. */
  lifetimes: Pick<Lifetimes, 'accessToken'>
  /** Milliseconds since 1970. */
  now: () => number
}

export type Partners = ReturnType<typeof createPartners>

/** Partner services: their credentials, tokens and introspection. */
export function createPartners (needs: PartnersNeeds) {
  const { db, tokens, sessions, refresh, validation, issuer, now } = needs
  const clients = createClients({ db, issuer, now })
  const introspect = createIntrospection({ sql: db.sql, tokens, validation, clients, issuer })

  return {
    clients,
    tokens: createPartnerTokens({
      tokens, refresh, validation, clients, issuer, lifetime: needs.lifetimes.accessToken, now
    }),

    /** As `createIntrospection` says. @throws AuthError `unauthorized_client`, `unavailable` */
    async introspect (client: Client, token: string): Promise<ActiveToken | null> {
      requireGrant(client, 'introspect')
      return introspect(client, token)
    },

    /**
     * Ends the session of a token (RFC 7009). A client's own token has no session to end.
     * @throws AuthError `unauthorized_client`, `invalid_refresh_token` for a session that another client refreshes,
     * `unsupported_token_type` for an active token of a client's own, `unavailable`
     */
    async revoke (client: Client, token: string, clientInfo: ClientInfo): Promise<void> {
      requireGrant(client, 'revoke')
      await sessions.signOut.byRefreshToken(token, clientInfo, client)
      await sessions.signOut.byAccessToken(token, clientInfo, client)
      if (await introspect(client, token) !== null) throw new AuthError('unsupported_token_type')
    },

    /** Deletes what is of no more use. */
    cleanUp: clients.deleteExpiredAssertions
  }
}
