import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { accountColumns, type AccountRow } from '../accounts/account.js'
import type { Initiator } from '../audit/audit.js'
import type { Mail } from '../mail/index.js'
import { endSessions } from '../revocations/end-sessions.js'
import { contractsOfKind, type Lifetimes } from '../sessions/session-kinds.js'
import { isLive, sessionSql, sessionState, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import type { AccessClaims } from '../tokens/claims.js'
import { noticeOfReuse } from './notice-of-reuse.js'
import { isInWindow, type RecentRotations } from './recent-rotations.js'
import type { RefreshPolicy } from './replay.js'

export interface ExtensionStatementsNeeds {
  sql: Pool
  /** For the extension. */
  refreshSql: Pool
  rotations: RecentRotations
  policy: Pick<RefreshPolicy, 'retryWindow' | 'aheadMax'>
  lifetimes: Pick<Lifetimes, 'accessToken' | 'session'>
  mail: Pick<Mail, 'noticeToOwner'>
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
  const { sql, refreshSql, rotations, policy, lifetimes, mail } = needs
  const columns = sql`${tokenSubject(sql, 'moment.at')}, ${accountColumns(sql)}`
  const live = isLive(sql)
  const state = sessionState(sql, 'moment.at')
  const isCurrent = ({ sub, sid, gen }: Generation) => sql`
    session.account_id = ${sub} AND session.id = ${sid} AND session.generation = ${gen}
    AND session.contract = ANY(${extendableContracts}) AND account.id = ${sub} AND ${live}`
  const end = sql`
    least(now() + make_interval(secs => ${lifetimes.accessToken}), ${sql.unsafe(sessionSql.maxEnd(lifetimes.session))})`

  return {
    /** One conditional update; of any number of requests with one generation at most one gets a row. */
    extend: (claims: Generation) => refreshSql<ExtendedRow[]>`
      WITH ${rotations.moment}
      UPDATE sessions AS session SET
        ${rotations.keepLast},
        generation = session.generation + 1,
        rotated_at = now(),
        expires_at = ${end}
      FROM accounts AS account, moment
      WHERE ${isCurrent(claims)} AND ${rotations.hasRoom}
      RETURNING ${columns}`,

    /** The same without a rotation: tokens of the generation stay current. */
    prolong: (claims: Generation) => refreshSql<ProlongedRow[]>`
      WITH ${rotations.moment}
      UPDATE sessions AS session SET expires_at = ${end}
      FROM accounts AS account, moment
      WHERE ${isCurrent(claims)}
      RETURNING ${tokenSubject(sql, 'moment.at')}, session.expires_at`,

    /**
     * Classifies a token that did not extend its session, and ends the session of one that is reused in the same
     * statement, under the row's lock. No row means that there is no such session.
     */
    classify: ({ sub, sid, gen }: Generation, by: Initiator) => sql<UnextendedRow[]>`
      WITH ${rotations.moment}, locked AS MATERIALIZED (
        SELECT session.* FROM sessions AS session
        WHERE session.account_id = ${sub} AND session.id = ${sid} AND session.contract = ANY(${extendableContracts})
        FOR UPDATE
      ), located AS MATERIALIZED (
        SELECT session.*, session.generation - ${gen} AS depth, ${rotations.times} AS times,
          ${rotations.areComplete} AS are_complete
        FROM locked AS session
      ), classified AS MATERIALIZED (
        SELECT session.*, session.id AS session_id, CASE
          WHEN ${state} <> 'live' THEN ${state}
          WHEN depth = 0 THEN 'current'
          WHEN ${isInWindow(sql, sql`times[depth]`, policy.retryWindow)} THEN 'retried'
          WHEN depth < 0 AND depth >= -${policy.aheadMax}::int THEN 'ahead'
          WHEN depth < 0 OR NOT are_complete AND ${isInWindow(sql, sql`rotated_at`, policy.retryWindow)} THEN 'unknown'
          ELSE 'reused'
        END AS outcome
        FROM located AS session, accounts AS account, moment WHERE account.id = ${sub}
      ), ${endSessions(sql, {
        accountId: sub,
        from: sql`FROM classified`,
        where: sql`session.id = classified.id AND classified.outcome = 'reused'`,
        reason: 'reused',
        by
      })}, ${noticeOfReuse(sql, mail, sub)}
      SELECT ${columns}, session.outcome, session.end_reason
      FROM classified AS session, accounts AS account, moment WHERE account.id = ${sub}`
  }
}
