import type { Pool } from '../../db/pool.js'
import type { accounts } from '../../db/schema.js'
import { ifValid } from '../errors.js'
import { sha256 } from '../lib/secrets.js'
import { isLive } from '../sessions/session-row.js'
import type { AccessToken } from '../tokens/access-token.js'
import type { Tokens } from '../tokens/index.js'
import type { RefreshToken } from '../tokens/refresh-token.js'
import type { Validation } from '../validation/validation.js'
import type { Client, Clients } from './clients.js'

/** The introspection response for an active token (RFC 7662 2.2); times in seconds since 1970. */
export interface ActiveToken {
  token_type: 'Bearer' | 'refresh_token'
  iss: string
  sub: string
  exp: number
  [member: string]: unknown
}

export interface IntrospectionNeeds {
  sql: Pool
  tokens: Tokens
  validation: Pick<Validation, 'authenticateFresh'>
  clients: Pick<Clients, 'exists'>
  issuer: string
}

/** Seconds since 1970, and the email of the account. */
export type CurrentTokenRow = Pick<typeof accounts.$inferSelect, 'email'> & { exp: number, iat: number }

export type Introspect = ReturnType<typeof createIntrospection>

/** The claims that introspection discloses to a partner. */
const disclosedClaims: ReadonlySet<string> =
  new Set(['iss', 'aud', 'sub', 'sid', 'scope', 'client_id', 'act', 'auth_time', 'jti', 'iat', 'exp'])

/**
 * Returns an authenticated client the claims of an active token (RFC 7662), or `null`. A token that was issued for
 * another partner is reported as inactive.
 * @throws AuthError `unavailable`, when it cannot be determined
 */
export function createIntrospection ({ sql, tokens, validation, clients, issuer }: IntrospectionNeeds) {
  /** A user's token, or a token of either kind that was issued for the audience of this client. */
  async function accessToken (client: Client, text: string): Promise<ActiveToken | null> {
    const token = await ifValid(tokens.access.read(text))
    if (token === null || token.isExpired) return null
    if (token.kind !== 'user' && token.claims.aud !== client.audience) return null
    if (token.kind === 'client') {
      return await clients.exists(token.claims.client_id) ? introspectionClaims(token) : null
    }
    const user = await ifValid(validation.authenticateFresh(token.claims))
    return user === null ? null : { ...introspectionClaims(token), username: user.account.email }
  }

  /** Only the current one of a session that this client refreshes is active; introspection changes nothing. */
  async function refreshToken ({ id }: Client, text: string): Promise<ActiveToken | null> {
    const token = tokens.refresh.read(text)
    if (token === null) return null
    const [row] = await selectCurrentToken(sql, token, id)
    if (row === undefined) return null
    const { accountId: sub, sessionId: sid } = token
    const { email: username, iat, exp } = row
    return { token_type: 'refresh_token', iss: issuer, sub, sid, client_id: id, username, iat, exp }
  }

  return async function introspect (client: Client, token: string): Promise<ActiveToken | null> {
    return await refreshToken(client, token) ?? accessToken(client, token)
  }
}

/** The session of a refresh token, if it is live, the client's, and the token its current one. */
export function selectCurrentToken (sql: Pool, { accountId, sessionId, secret }: RefreshToken, clientId: string) {
  return sql<CurrentTokenRow[]>`
    SELECT floor(extract(epoch FROM session.expires_at))::float8 AS exp,
      floor(extract(epoch FROM session.rotated_at))::float8 AS iat, account.email
    FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
    WHERE session.account_id = ${accountId} AND session.id = ${sessionId}
      AND session.current_hash = ${sha256(secret)} AND session.client_id = ${clientId} AND ${isLive(sql)}`
}

function introspectionClaims ({ claims }: AccessToken): ActiveToken {
  const { iss, sub, exp } = claims
  const disclosed = Object.entries(claims).filter(([name]) => disclosedClaims.has(name))
  return { token_type: 'Bearer', iss, sub, exp, ...Object.fromEntries(disclosed) }
}
