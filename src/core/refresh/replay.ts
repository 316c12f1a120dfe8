import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { recordEvents, type Initiator } from '../audit/audit.js'
import type { Mail } from '../mail/index.js'
import { endSessions } from '../revocations/end-sessions.js'
import { isOpenTo, sessionState, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import { noticeOfReuse } from './notice-of-reuse.js'
import { isInWindow, type RecentRotations } from './recent-rotations.js'
import type { RefreshAttempt } from './rotation.js'

/*
 * The outcomes for a refresh token that could not be rotated, as in the table of docs/refresh.md. The age is that of
 * the rotation by which the token itself was traded.
 *
 *   presented                                                     outcome
 *   ------------------------------------------------------------  --------------------------------------------
 *   by another than the client that trades the session's,
 *     or at another contract than the session's                   wrong_client: nothing changes
 *   current                                                       current: the same, the kept rotations are full
 *   traded, age < retry window                                    retried: the current token
 *   previous, age < confirm window, successor unconfirmed,        retried_late: the current token, recorded
 *     and at most so many consecutive generations needed it
 *   ahead of the row, by at most so many generations              ahead: fast-forward.ts goes on from it
 *   older than one that was ahead, age < retry window             unknown: nothing changes
 *   any other, a wrong secret                                     reused: the session ends, recorded
 *   of a session that has ended, or of a disabled account         ended
 *   of a session past its expiry                                  expired
 *
 * Ages are counted to the arrival of the statement; a rotation that it waited for has none. A window of 0 allows no
 * retry, not even of such a one.
 */

/** Windows in seconds. */
export interface RefreshPolicy {
  retryWindow: number
  confirmWindow: number
  /** The number of consecutive generations that may need a late retry. */
  lateRetries: number
  /** By how many generations a token may be ahead of its row. */
  aheadMax: number
}

export type ReplayOutcome =
  'current' | 'retried' | 'retried_late' | 'ahead' | 'unknown' | 'reused' | 'ended' | 'expired' | 'wrong_client'

/** The session of a token that could not be rotated. */
export type ReplayRow = TokenSubject & Pick<typeof sessions.$inferSelect, 'endReason'> & {
  outcome: ReplayOutcome
  /** By how many rotations the token is older than the current one; negative of one that is ahead. */
  depth: number
  currentHash: Buffer
  /** Of the last rotations (recent-rotations.ts), of which a token that was traded has one. */
  records: Buffer
}

export interface ReplayNeeds {
  sql: Pool
  rotations: RecentRotations
  policy: RefreshPolicy
  mail: Pick<Mail, 'noticeToOwner'>
}

/** Distinguishes a client's retry from theft. */
export function createReplay ({ sql, rotations, policy, mail }: ReplayNeeds) {
  const state = sessionState(sql, 'moment.at')
  const subject = tokenSubject(sql)

  return {
    /**
     * Classifies a token that could not be rotated, and applies the outcome in the same statement, under the
     * row's lock. `confirmedHere` is the generation that this process knows to be confirmed, though it may not be
     * written yet. No row means that there is no such session.
     */
    classify ({ token, hash, clientId, contract }: RefreshAttempt, confirmedHere: number, by: Initiator) {
      return sql<ReplayRow[]>`
        WITH ${rotations.moment}, locked AS MATERIALIZED (
          SELECT session.* FROM sessions AS session
          WHERE session.account_id = ${token.accountId} AND session.id = ${token.sessionId} FOR UPDATE
        ), located AS MATERIALIZED (
          SELECT session.*, session.generation - ${token.generation} AS depth,
            ${rotations.times} AS times, ${rotations.records} AS records
          FROM locked AS session
        ), judged AS MATERIALIZED (
          SELECT session.*, ${state} AS state,
            ${isOpenTo(sql, clientId)} AND session.contract = ${contract} AS is_open,
            CASE WHEN depth = 0 THEN current_hash ELSE ${rotations.hashAtDepth} END = ${hash} AS is_genuine,
            ${isInWindow(sql, sql`times[depth]`, policy.retryWindow)} AS is_retry,
            depth = 1 AND greatest(confirmed_generation, ${confirmedHere}) < generation
              AND ${isInWindow(sql, sql`rotated_at`, policy.confirmWindow)} AS is_late_retry,
            CASE
              WHEN late_generation = generation THEN late_streak
              WHEN late_generation = generation - 1 THEN late_streak + 1
              ELSE 1
            END AS streak
          FROM located AS session, accounts AS account, moment WHERE account.id = ${token.accountId}
        ), classified AS MATERIALIZED (
          SELECT judged.*, judged.id AS session_id, CASE
            WHEN NOT is_open THEN 'wrong_client'
            WHEN state <> 'live' THEN state
            WHEN depth < 0 AND depth >= -${policy.aheadMax}::int THEN 'ahead'
            WHEN is_genuine AND depth = 0 THEN 'current'
            WHEN is_genuine AND is_retry THEN 'retried'
            WHEN is_genuine AND is_late_retry AND streak <= ${policy.lateRetries} THEN 'retried_late'
            WHEN is_retry AND depth > 1 AND ${rotations.isUnknownAtDepth} THEN 'unknown'
            ELSE 'reused'
          END AS outcome
          FROM judged
        ), late AS (
          UPDATE sessions AS session SET late_generation = classified.generation, late_streak = classified.streak
          FROM classified
          WHERE session.account_id = ${token.accountId} AND session.id = classified.id
            AND classified.outcome = 'retried_late'
          RETURNING session.account_id, session.id AS session_id
        ), late_record AS (${recordEvents(sql, ['refresh_retried_late'], 'late', by)}),
        ${endSessions(sql, {
          accountId: token.accountId,
          from: sql`FROM classified`,
          where: sql`session.id = classified.id AND classified.outcome = 'reused'`,
          reason: 'reused',
          by
        })}, ${noticeOfReuse(sql, mail, token.accountId)}
        SELECT ${subject}, session.outcome, session.end_reason, session.depth, session.current_hash, session.records
        FROM classified AS session, accounts AS account WHERE account.id = ${token.accountId}`
    }
  }
}
