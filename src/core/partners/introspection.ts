import type { Sql } from 'postgres'
import type { AccessTokens } from '../tokens/access-token.js'
import type { Client, Clients } from './clients.js'
import { ifValid } from '../errors.js'
import { readJws, type CompactJws } from '../keys/jws.js'
import type { Keyring } from '../keys/keyring.js'
import { hashSecret, readRefreshToken } from '../tokens/refresh-token.js'
import type { Validation } from '../validation/validation.js'

/** What is told of a live token (RFC 7662 2.2); times in seconds since 1970. */
export interface ActiveToken {
  token_type: 'Bearer' | 'refresh_token'
  iss: string
  sub: string
  exp: number
  [member: string]: unknown
}

export interface IntrospectionNeeds {
  sql: Sql
  keyring: Keyring
  accessTokens: AccessTokens
  validation: Validation
  clients: Clients
  issuer: string
}

/** Of the claims, what the asking partner may know. */
const disclosedClaims = ['iss', 'aud', 'sub', 'sid', 'scope', 'client_id', 'act', 'jti', 'iat', 'exp'] as const

/**
 * Says of a token whether it lives, to a client that has shown who it is (RFC 7662). A token that was made for
 * another partner is told as dead.
 * @throws AuthError `unavailable`, when it cannot be told
 */
export function createIntrospection (needs: IntrospectionNeeds) {
  const { sql, keyring, accessTokens, validation, clients, issuer } = needs

  /** Of the account's own token, of one made for this client, and of the client's own. */
  async function accessToken (client: Client, token: string): Promise<ActiveToken | null> {
    const user = await ifValid(validation.authenticateFresh(token)) ??
      await ifValid(validation.authenticateFresh(token, client.audience))
    if (user !== null) return { ...introspectionClaims(token), username: user.account.email, token_type: 'Bearer' }
    const own = await ifValid(accessTokens.verifyClient(token, client.audience))
    if (own === null || !await clients.exists(own.client_id)) return null
    return { ...introspectionClaims(token), token_type: 'Bearer' }
  }

  /** Only the newest one of a session is live; asking changes nothing. */
  async function refreshToken (text: string): Promise<ActiveToken | null> {
    const token = readRefreshToken(keyring, text)
    if (token === null) return null
    const [row] = await sql<{ exp: number, iat: number, email: string }[]>`
      SELECT floor(extract(epoch FROM session.expires_at))::float8 AS exp,
        floor(extract(epoch FROM session.rotated_at))::float8 AS iat, account.email
      FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      WHERE session.account_id = ${token.accountId} AND session.id = ${token.sessionId}
        AND session.current_hash = ${hashSecret(token.secret)} AND session.ended_at IS NULL
        AND session.expires_at > clock_timestamp() AND account.epoch <= session.epoch
        AND account.disabled_at IS NULL`
    return row === undefined
      ? null
      : {
          token_type: 'refresh_token',
          iss: issuer,
          sub: token.accountId,
          sid: token.sessionId,
          username: row.email,
          iat: row.iat,
          exp: row.exp
        }
  }

  return async function introspect (client: Client, token: string): Promise<ActiveToken | null> {
    return await refreshToken(token) ?? accessToken(client, token)
  }
}

/** Claims of a token that has been checked. */
function introspectionClaims (token: string): { iss: string, sub: string, exp: number } {
  const { payload } = readJws(token) as CompactJws
  const members = disclosedClaims.filter(name => name in payload).map(name => [name, payload[name]])
  return Object.fromEntries(members) as { iss: string, sub: string, exp: number }
}
