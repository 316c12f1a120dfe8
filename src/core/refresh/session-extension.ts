import type { Sql } from 'postgres'
import type { AccessClaims, AccessTokens } from '../tokens/access-token.js'
import { accountColumns, toAccount, type AccountRow } from '../accounts/account.js'
import { AuthError, type TokenErrorReason } from '../errors.js'
import type { AccessGrant, TokenIssuer } from '../sessions/token-issuer.js'
import type { RefreshedRow } from './rotation.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { Sessions, LiveSession } from '../sessions/sessions.js'

export interface SessionRefreshNeeds {
  sql: Sql
  accessTokens: AccessTokens
  grants: TokenIssuer
  sessions: Sessions
  policy: { ACCESS_TOKEN_TTL: number, REFRESH_RETRY_WINDOW: number, SESSION_MAX_AGE: number }
}

/** What a client gets for an extended session. */
export interface ExtendedGrant extends AccessGrant {
  session: LiveSession
}

interface ExtendedRow extends RefreshedRow, AccountRow {}

interface StateRow extends ExtendedRow {
  end_reason: string | null
  state: 'ended' | 'expired' | 'retried' | 'superseded'
}

/**
 * Trades a live access token for the next one and extends its session, where the contract has no refresh tokens.
 * Only sessions that began in such a contract can be extended, so a partner that was shown another contract's
 * access token cannot prolong it. The previous token gets the same generation again inside the retry window.
 * @throws AuthError `invalid_token` for what was not issued here, `invalid_refresh_token` for what cannot be traded
 */
export function createSessionRefresh ({ sql, accessTokens, grants, sessions, policy }: SessionRefreshNeeds) {
  const columns = accountColumns(sql)

  /** One conditional update; of any number of requests with one generation at most one gets a row. */
  async function step ({ sub, sid, gen }: AccessClaims): Promise<ExtendedRow | undefined> {
    const [row] = await sql<ExtendedRow[]>`
      UPDATE sessions AS session SET
        generation = session.generation + 1,
        rotated_at = clock_timestamp(),
        expires_at = least(
          clock_timestamp() + make_interval(secs => ${policy.ACCESS_TOKEN_TTL}),
          session.created_at + make_interval(secs => ${policy.SESSION_MAX_AGE}))
      FROM accounts AS account
      WHERE session.account_id = ${sub} AND session.id = ${sid}
        AND session.generation = ${gen} AND session.contract = 'session'
        AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
        AND account.id = session.account_id AND account.epoch <= session.epoch AND account.disabled_at IS NULL
      RETURNING session.account_id, ${columns}, session.contract, session.generation,
        extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS expires_in`
    return row
  }

  async function stateOf ({ sub, sid, gen }: AccessClaims): Promise<StateRow | undefined> {
    const [row] = await sql<StateRow[]>`
      SELECT session.account_id, ${columns}, session.contract, session.generation, session.end_reason,
        extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS expires_in,
        CASE
          WHEN session.ended_at IS NOT NULL OR account.epoch > session.epoch OR account.disabled_at IS NOT NULL
            THEN 'ended'
          WHEN session.expires_at <= clock_timestamp() THEN 'expired'
          WHEN session.generation - 1 = ${gen}
            AND clock_timestamp() < session.rotated_at + make_interval(secs => ${policy.REFRESH_RETRY_WINDOW})
            THEN 'retried'
          ELSE 'superseded'
        END AS state
      FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      WHERE session.account_id = ${sub} AND session.id = ${sid} AND session.contract = 'session'`
    return row
  }

  async function extended (row: ExtendedRow, sessionId: string): Promise<ExtendedGrant> {
    const session = await sessions.find(row.account_id, sessionId)
    if (session === null) throw refused('revoked')
    return { ...grants.accessToken(row, sessionId), account: toAccount(row), session }
  }

  return async function refreshSession (token: string): Promise<ExtendedGrant> {
    const claims = await accessTokens.verify(token).catch(asRefusedRefresh)
    const stepped = await step(claims)
    if (stepped !== undefined) return extended(stepped, claims.sid)

    const row = await stateOf(claims)
    if (row === undefined) throw new AuthError('invalid_token', { reason: 'unknown' })
    switch (row.state) {
      case 'retried': return extended(row, claims.sid)
      case 'expired': throw refused('expired')
      case 'ended': throw refused(tokenErrorFor(row.end_reason))
      case 'superseded': throw refused('reused')
    }
  }
}

function refused (reason: TokenErrorReason): AuthError {
  return new AuthError('invalid_refresh_token', { reason })
}

function asRefusedRefresh (error: unknown): never {
  throw error instanceof AuthError && error.reason === 'expired' ? refused('expired') : error
}
