import { AuthError, ifValid, invalidToken } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Refresh } from '../refresh/index.js'
import type { IssuedTokens } from '../sessions/token-issuer.js'
import type { Tokens } from '../tokens/index.js'
import type { Validation } from '../validation/validation.js'
import { isSameAudience } from './audience.js'
import { requireGrant, type Client, type Clients } from './clients.js'

/** A token issued for a partner. Lifetime in seconds. */
export interface PartnerToken {
  accessToken: string
  expiresIn: number
  scope: string
}

/** The scope that a client requests; when left out, all that it is registered for. */
export interface TokenRequest {
  scope?: string | undefined
  audience?: string | undefined
}

export interface PartnerTokensNeeds {
  tokens: Tokens
  refresh: Pick<Refresh, 'trade'>
  validation: Pick<Validation, 'authenticate'>
  clients: Pick<Clients, 'find'>
  issuer: string
  /** Seconds. */
  lifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

export type PartnerTokens = ReturnType<typeof createPartnerTokens>

/** The grants of the token endpoint. A client's tokens are valid at its audience only (RFC 8725 3.9, RFC 8707). */
export function createPartnerTokens (needs: PartnerTokensNeeds) {
  const { tokens, refresh, validation, clients, issuer, lifetime, now } = needs

  /** PUBLIC_URL may have become what was a client's audience. @throws AuthError `invalid_target` */
  function grantedAudience ({ audience }: Client, requested: string | undefined): string {
    if (isSameAudience(audience, issuer)) throw new AuthError('invalid_target')
    if (requested !== undefined && requested !== audience) throw new AuthError('invalid_target')
    return audience
  }

  return {
    /**
     * Trades a user's refresh token on the user's behalf (RFC 6749 6). From then on no other client and no
     * application can trade those of the session (RFC 6749 10.4).
     * @throws AuthError `unauthorized_client`, `invalid_refresh_token`, `unavailable`
     */
    async refresh (client: Client, refreshToken: string, clientInfo: ClientInfo): Promise<IssuedTokens> {
      requireGrant(client, 'refresh_token')
      return refresh.trade(refreshToken, clientInfo, { contract: 'partner', clientId: client.id })
    },

    /**
     * Issues a token of the client's own (RFC 6749 4.4).
     * @throws AuthError `unauthorized_client`, `invalid_scope`, `invalid_target`
     */
    clientCredentials (client: Client, request: TokenRequest): PartnerToken {
      requireGrant(client, 'client_credentials')
      const scope = grantedScope(client, request.scope)
      const accessToken = tokens.access.issueToClient({
        aud: grantedAudience(client, request.audience), sub: client.id, client_id: client.id, ...claimOf(scope)
      }, lifetime)
      return { accessToken, expiresIn: lifetime, scope }
    },

    /**
     * The client that a token of its own authenticates here, as its secret would, with the scopes of the token that it
     * still has.
     * @throws AuthError `invalid_token`, also for a token of a user; `unavailable`
     */
    async ownerOf (token: string): Promise<{ client: Client, scopes: string[] }> {
      const { kind, claims, isExpired } = await tokens.access.read(token)
      if (kind !== 'client') throw invalidToken('wrong_audience')
      if (isExpired) throw invalidToken('expired')
      const client = await clients.find(claims.client_id)
      if (client === undefined) throw invalidToken('revoked')
      if (claims.aud !== client.audience) throw invalidToken('wrong_audience')
      return { client, scopes: (claims.scope ?? '').split(' ').filter(scope => client.scopes.includes(scope)) }
    },

    /**
     * Exchanges a user's token for one that is valid at the client's audience only, within a scope, and that ends with
     * the session at the latest (RFC 8693).
     * @throws AuthError `unauthorized_client`, `invalid_scope`, `invalid_target`, `invalid_subject_token`,
     * `unavailable`
     */
    async exchange (client: Client, subjectToken: string, request: TokenRequest): Promise<PartnerToken> {
      requireGrant(client, 'urn:ietf:params:oauth:grant-type:token-exchange')
      const scope = grantedScope(client, request.scope)
      const aud = grantedAudience(client, request.audience)
      const user = await ifValid(validation.authenticate(subjectToken))
      if (user === null) throw new AuthError('invalid_subject_token')
      const { accountId, sessionId, generation, contract, exp, account, signedInAt } = user
      const expiresIn = Math.min(lifetime, Math.floor(exp - now() / 1000))
      const accessToken = tokens.access.issue({
        sub: accountId, sid: sessionId, gen: generation, contract, email: account.email
      }, expiresIn, { aud, ...claimOf(scope), client_id: client.id, auth_time: signedInAt, act: { sub: client.id } })
      return { accessToken, expiresIn, scope }
    }
  }
}

/** No scope is no claim (RFC 9068 2.2.3). */
const claimOf = (scope: string) => scope === '' ? {} : { scope }

/** The requested scope; without one, all that the client is registered for. @throws AuthError `invalid_scope` */
function grantedScope ({ scopes }: Client, requested: string | undefined): string {
  const wanted = requested === undefined ? scopes : requested.split(' ')
  if (!wanted.every(scope => scopes.includes(scope))) throw new AuthError('invalid_scope')
  return wanted.join(' ')
}
