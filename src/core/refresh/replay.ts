import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { recordEvents } from '../audit/audit.js'
import { endSessions } from '../revocations/end-sessions.js'
import { isOpenTo, sessionState, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import type { RefreshAttempt } from './rotation.js'

/*
 * The outcomes for a refresh token that is used twice, as in the table of docs/refresh.md.
 *
 *   presented                                                     outcome
 *   ------------------------------------------------------------  --------------------------------------------
 *   by another than the client that trades the session's          wrong_client: nothing changes
 *   current                                                       rotated
 *   previous, age < retry window                                  retried: the same successor
 *   previous, age < confirm window, successor unconfirmed,        retried_late: the same successor, recorded
 *     and at most so many consecutive generations needed it
 *   previous after that, any older one, a wrong secret            reused: the session ends, recorded
 *   of a session that has ended, or of a disabled account         ended
 *   of a session past its expiry                                  expired
 *
 * Ages are compared with `<`, so a window of 0 allows no retry, and with clock_timestamp(): a request that
 * waited for the row's lock is compared by the time at which it got the lock.
 */

/** Seconds, and the number of consecutive generations that may need a late retry. */
export interface RefreshPolicy {
  retryWindow: number
  confirmWindow: number
  lateRetries: number
}

export type ReplayOutcome = 'current' | 'retried' | 'retried_late' | 'reused' | 'ended' | 'expired' |
  'wrong_client'

/** The session of a token that could not be rotated. */
export type ReplayRow = TokenSubject & Pick<typeof sessions.$inferSelect, 'endReason'> & {
  outcome: ReplayOutcome
  /** Of a session that has been rotated at least once, as one with a previous token has. */
  currentHash: Buffer
  nonce: Buffer
}

export interface ReplayNeeds {
  sql: Pool
  policy: RefreshPolicy
}

/** Distinguishes a client's retry from theft, for a token that is not the current one. */
export function createReplay ({ sql, policy }: ReplayNeeds) {
  const state = sessionState(sql)
  const subject = tokenSubject(sql)

  return {
    /**
     * Classifies a token that could not be rotated, and applies the outcome in the same statement, under the
     * row's lock. `confirmedHere` is the generation that this process knows to be confirmed, though it may not be
     * written yet. No row means that there is no such session.
     */
    classify ({ token, hash, clientId }: RefreshAttempt, confirmedHere: number, address: string | null) {
      return sql<ReplayRow[]>`
        WITH locked AS MATERIALIZED (
          SELECT * FROM sessions WHERE account_id = ${token.accountId} AND id = ${token.sessionId} FOR UPDATE
        ), aged AS MATERIALIZED (
          SELECT locked.*,
            clock_timestamp() - locked.rotated_at AS age,
            locked.previous_hash = ${hash} AND locked.generation - 1 = ${token.generation} AS is_previous,
            greatest(locked.confirmed_generation, ${confirmedHere}) < locked.generation AS is_unconfirmed,
            CASE locked.late_generation
              WHEN locked.generation THEN locked.late_streak
              WHEN locked.generation - 1 THEN locked.late_streak + 1
              ELSE 1
            END AS streak
          FROM locked
        ), judged AS MATERIALIZED (
          SELECT session.*, ${state} AS state, ${isOpenTo(sql, clientId)} AS is_open
          FROM aged AS session JOIN accounts AS account ON account.id = session.account_id
        ), classified AS MATERIALIZED (
          SELECT judged.*, judged.id AS session_id, CASE
            WHEN NOT is_open THEN 'wrong_client'
            WHEN state <> 'live' THEN state
            WHEN current_hash = ${hash} AND generation = ${token.generation} THEN 'current'
            WHEN is_previous AND age < make_interval(secs => ${policy.retryWindow}) THEN 'retried'
            WHEN is_previous AND is_unconfirmed AND streak <= ${policy.lateRetries}
              AND age < make_interval(secs => ${policy.confirmWindow}) THEN 'retried_late'
            ELSE 'reused'
          END AS outcome
          FROM judged
        ), late AS (
          UPDATE sessions SET late_generation = classified.generation, late_streak = classified.streak
          FROM classified
          WHERE sessions.account_id = classified.account_id AND sessions.id = classified.id
            AND classified.outcome = 'retried_late'
          RETURNING sessions.account_id, sessions.id AS session_id
        ), late_record AS (${recordEvents(sql, ['refresh_retried_late'], 'late', address)}),
        ${endSessions(sql, {
          from: sql`FROM classified`,
          where: sql`sessions.account_id = classified.account_id AND sessions.id = classified.id
            AND classified.outcome = 'reused'`,
          reason: 'reused',
          address
        })}
        SELECT ${subject}, session.outcome, session.end_reason, session.current_hash, session.nonce
        FROM classified AS session JOIN accounts AS account ON account.id = session.account_id`
    }
  }
}
