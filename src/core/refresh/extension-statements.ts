import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { accountColumns, type AccountRow } from '../accounts/account.js'
import type { Initiator } from '../audit/audit.js'
import { endSessions } from '../revocations/end-sessions.js'
import { contractsOfKind, type Lifetimes } from '../sessions/session-kinds.js'
import { isLive, sessionState, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import type { AccessClaims } from '../tokens/claims.js'
import type { RecentRotations } from './recent-rotations.js'
import type { RefreshPolicy } from './replay.js'

export interface ExtensionStatementsNeeds {
  sql: Pool
  /** For the extension. */
  refreshSql: Pool
  rotations: RecentRotations
  policy: Pick<RefreshPolicy, 'retryWindow' | 'aheadMax'>
  lifetimes: Pick<Lifetimes, 'accessToken' | 'session'>
}

export type ExtendedRow = TokenSubject & AccountRow

export type ProlongedRow = TokenSubject & Pick<typeof sessions.$inferSelect, 'expiresAt'>

export type UnextendedRow = ExtendedRow & Pick<typeof sessions.$inferSelect, 'endReason'> & {
  /** The same as of a refresh token (replay.ts). */
  outcome: 'current' | 'retried' | 'ahead' | 'unknown' | 'reused' | 'ended' | 'expired'
}

type Generation = Pick<AccessClaims, 'sub' | 'sid' | 'gen'>

/** The contracts whose access tokens extend their session. */
export const extendableContracts = contractsOfKind('access_token')

/** The statements that extend a session by its access token, of which the claims were verified. */
export function createExtensionStatements (needs: ExtensionStatementsNeeds) {
  const { sql, refreshSql, rotations, policy, lifetimes } = needs
  const columns = sql`${tokenSubject(sql)}, ${accountColumns(sql)}`
  const live = isLive(sql)
  const state = sessionState(sql)
  const isCurrent = ({ sub, sid, gen }: Generation) => sql`
    session.account_id = ${sub} AND session.id = ${sid} AND session.generation = ${gen}
    AND session.contract = ANY(${extendableContracts}) AND account.id = session.account_id AND ${live}`
  const end = sql`
    least(
      clock_timestamp() + make_interval(secs => ${lifetimes.accessToken}),
      session.created_at + make_interval(secs => ${lifetimes.session}))`

  return {
    /** One conditional update; of any number of requests with one generation at most one gets a row. */
    extend: (claims: Generation) => refreshSql<ExtendedRow[]>`
      UPDATE sessions AS session SET
        ${rotations.keepLast},
        generation = session.generation + 1,
        rotated_at = clock_timestamp(),
        expires_at = ${end}
      FROM accounts AS account
      WHERE ${isCurrent(claims)} AND ${rotations.hasRoom}
      RETURNING ${columns}`,

    /** The same without a rotation: tokens of the generation stay current. */
    prolong: (claims: Generation) => refreshSql<ProlongedRow[]>`
      UPDATE sessions AS session SET expires_at = ${end}
      FROM accounts AS account
      WHERE ${isCurrent(claims)}
      RETURNING ${tokenSubject(sql)}, session.expires_at`,

    /**
     * Classifies a token that did not extend its session, and ends the session of one that is reused in the same
     * statement, under the row's lock. No row means that there is no such session.
     */
    classify: ({ sub, sid, gen }: Generation, by: Initiator) => sql<UnextendedRow[]>`
      WITH locked AS MATERIALIZED (
        SELECT * FROM sessions
        WHERE account_id = ${sub} AND id = ${sid} AND contract = ANY(${extendableContracts}) FOR UPDATE
      ), located AS MATERIALIZED (
        SELECT session.*, session.generation - ${gen} AS depth, ${rotations.times} AS times,
          ${rotations.areComplete} AS are_complete, make_interval(secs => ${policy.retryWindow}) AS retry_window
        FROM locked AS session
      ), classified AS MATERIALIZED (
        SELECT session.*, session.id AS session_id, CASE
          WHEN ${state} <> 'live' THEN ${state}
          WHEN depth = 0 THEN 'current'
          WHEN clock_timestamp() - times[depth] < retry_window THEN 'retried'
          WHEN depth < 0 AND depth >= -${policy.aheadMax}::int THEN 'ahead'
          WHEN depth < 0 OR NOT are_complete AND clock_timestamp() - rotated_at < retry_window THEN 'unknown'
          ELSE 'reused'
        END AS outcome
        FROM located AS session JOIN accounts AS account ON account.id = session.account_id
      ), ${endSessions(sql, {
        from: sql`FROM classified`,
        where: sql`sessions.account_id = classified.account_id AND sessions.id = classified.id
          AND classified.outcome = 'reused'`,
        reason: 'reused',
        by
      })}
      SELECT ${columns}, session.outcome, session.end_reason
      FROM classified AS session JOIN accounts AS account ON account.id = session.account_id`
  }
}
