import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { accountColumns, toAccount, type AccountRow } from '../accounts/account.js'
import { AuthError, invalidRefreshToken, invalidToken } from '../errors.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { Sessions } from '../sessions/index.js'
import { contractsOfKind, type Lifetimes } from '../sessions/session-kinds.js'
import { isLive, sessionState, tokenSubject, type SessionState, type TokenSubject } from '../sessions/session-row.js'
import type { SignedIn } from '../sessions/session-start.js'
import type { LiveSession } from '../sessions/sessions.js'
import type { AccessClaims } from '../tokens/claims.js'
import type { Tokens } from '../tokens/index.js'
import type { RefreshPolicy } from './replay.js'

export interface SessionExtensionNeeds {
  sql: Pool
  tokens: Tokens
  sessions: Pick<Sessions, 'find' | 'issuer'>
  policy: Pick<RefreshPolicy, 'retryWindow'>
  lifetimes: Pick<Lifetimes, 'accessToken' | 'session'>
}

/** What a client gets for an extended session. */
export type ExtendedSession = SignedIn<'session'> & { session: LiveSession }

export type ExtendedRow = TokenSubject & AccountRow

export type UnextendedRow = ExtendedRow & Pick<typeof sessions.$inferSelect, 'endReason'> & {
  state: SessionState
  /** Whether the token is the previous one, inside the retry window. */
  isRetry: boolean
}

type Generation = Pick<AccessClaims, 'sub' | 'sid' | 'gen'>

/** The contracts whose access tokens extend their session. */
const extendable = contractsOfKind('access_token')

/**
 * Trades a live access token for the next one and extends its session, where the contract has no refresh tokens.
 * Only sessions that began in such a contract can be extended, so a partner that was shown another contract's
 * access token cannot prolong it. The previous token gets the same generation again inside the retry window.
 * @throws AuthError `invalid_token` for a token not issued here, `invalid_refresh_token` for one that cannot be traded
 */
export function createSessionExtension ({ sql, tokens, sessions, policy, lifetimes }: SessionExtensionNeeds) {
  const statements = createExtensionStatements({ sql, policy, lifetimes })

  async function issue (row: ExtendedRow, sessionId: string): Promise<ExtendedSession> {
    const session = await sessions.find(row.accountId, sessionId)
    if (session === null) throw invalidRefreshToken('revoked')
    return { ...sessions.issuer.accessToken(row, sessionId), account: toAccount(row), session }
  }

  return async function extend (token: string): Promise<ExtendedSession> {
    const claims = await tokens.access.verify(token).catch(asRefreshError)
    const [extended] = await statements.extend(claims)
    if (extended !== undefined) return issue(extended, claims.sid)

    const [row] = await statements.findUnextended(claims)
    if (row === undefined) throw invalidToken('unknown')
    if (row.state === 'ended') throw invalidRefreshToken(tokenErrorFor(row.endReason))
    if (row.state === 'expired') throw invalidRefreshToken('expired')
    if (!row.isRetry) throw invalidRefreshToken('reused')
    return issue(row, claims.sid)
  }
}

/** The statements of a session extension. */
export function createExtensionStatements (
  { sql, policy, lifetimes }: Pick<SessionExtensionNeeds, 'sql' | 'policy' | 'lifetimes'>
) {
  const columns = sql`${tokenSubject(sql)}, ${accountColumns(sql)}`
  const live = isLive(sql)
  const state = sessionState(sql)

  return {
    /** One conditional update; of any number of requests with one generation at most one gets a row. */
    extend: ({ sub, sid, gen }: Generation) => sql<ExtendedRow[]>`
      UPDATE sessions AS session SET
        generation = session.generation + 1,
        rotated_at = clock_timestamp(),
        expires_at = least(
          clock_timestamp() + make_interval(secs => ${lifetimes.accessToken}),
          session.created_at + make_interval(secs => ${lifetimes.session}))
      FROM accounts AS account
      WHERE session.account_id = ${sub} AND session.id = ${sid}
        AND session.generation = ${gen} AND session.contract = ANY(${extendable})
        AND account.id = session.account_id AND ${live}
      RETURNING ${columns}`,

    findUnextended: ({ sub, sid, gen }: Generation) => sql<UnextendedRow[]>`
      SELECT ${columns}, session.end_reason, ${state} AS state,
        session.generation - 1 = ${gen}
          AND clock_timestamp() < session.rotated_at + make_interval(secs => ${policy.retryWindow}) AS is_retry
      FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      WHERE session.account_id = ${sub} AND session.id = ${sid} AND session.contract = ANY(${extendable})`
  }
}

/** An expired access token is reported as expired, not as malformed. */
function asRefreshError (error: unknown): never {
  throw error instanceof AuthError && error.reason === 'expired' ? invalidRefreshToken('expired') : error
}
