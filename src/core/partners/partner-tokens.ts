import type { AccessTokens } from '../tokens/access-token.js'
import type { Client, ClientGrant } from './clients.js'
import { AuthError, ifValid } from '../errors.js'
import type { Validation } from '../validation/validation.js'

/** A token made for a partner. Lifetime in seconds. */
export interface PartnerGrant {
  accessToken: string
  expiresIn: number
  scope: string
}

/** What a client asks for; all it may have when left out. */
export interface TokenRequest {
  scope?: string | undefined
  audience?: string | undefined
}

export interface PartnerTokensNeeds {
  accessTokens: AccessTokens
  validation: Validation
  /** Seconds. */
  lifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

export type PartnerTokens = ReturnType<typeof createPartnerTokens>

/** Tokens that are good at one partner only (RFC 8725 3.9, RFC 8707). */
export function createPartnerTokens ({ accessTokens, validation, lifetime, now }: PartnerTokensNeeds) {
  return {
    /**
     * A token that speaks for the client itself (RFC 6749 4.4).
     * @throws AuthError `unauthorized_client`, `invalid_scope`, `invalid_target`
     */
    clientCredentials (client: Client, asked: TokenRequest): PartnerGrant {
      requireGrant(client, 'client_credentials')
      const scope = grantedScope(client, asked.scope)
      const accessToken = accessTokens.issueToClient({
        aud: grantedAudience(client, asked.audience), sub: client.id, client_id: client.id, scope
      }, lifetime)
      return { accessToken, expiresIn: lifetime, scope }
    },

    /**
     * Trades a user's token for one that is good at the client's audience only, within a scope, and that ends with
     * the session at the latest (RFC 8693).
     * @throws AuthError `unauthorized_client`, `invalid_scope`, `invalid_target`, `invalid_subject_token`,
     * `unavailable`
     */
    async exchange (client: Client, subjectToken: string, asked: TokenRequest): Promise<PartnerGrant> {
      requireGrant(client, 'urn:ietf:params:oauth:grant-type:token-exchange')
      const scope = grantedScope(client, asked.scope)
      const aud = grantedAudience(client, asked.audience)
      const user = await ifValid(validation.authenticate(subjectToken))
      if (user === null) throw new AuthError('invalid_subject_token')
      const { accountId, sessionId, generation, contract, exp, account } = user
      const expiresIn = Math.min(lifetime, Math.floor(exp - now() / 1000))
      const accessToken = accessTokens.issue({
        sub: accountId, sid: sessionId, gen: generation, contract, email: account.email
      }, expiresIn, { aud, scope, client_id: client.id, act: { sub: client.id } })
      return { accessToken, expiresIn, scope }
    }
  }
}

/** @throws AuthError `unauthorized_client` */
export function requireGrant (client: Client, grant: ClientGrant): void {
  if (!client.grants.includes(grant)) throw new AuthError('unauthorized_client')
}

/** All that the client may have when it does not ask for less. */
function grantedScope ({ scopes }: Client, asked: string | undefined): string {
  const wanted = asked === undefined ? scopes : asked.split(' ')
  if (!wanted.every(scope => scopes.includes(scope))) throw new AuthError('invalid_scope')
  return wanted.join(' ')
}

function grantedAudience ({ audience }: Client, asked: string | undefined): string {
  if (asked !== undefined && asked !== audience) throw new AuthError('invalid_target')
  return audience
}
