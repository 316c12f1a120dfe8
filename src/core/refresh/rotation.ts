import type { Sql } from 'postgres'
import type { RefreshToken } from '../tokens/refresh-token.js'
import type { SessionContract } from '../sessions/session-kinds.js'

/*
 * What becomes of a refresh token, as in the table of docs/refresh.md. Every statement here is atomic by itself.
 *
 *   presented                                                     answer
 *   ------------------------------------------------------------  --------------------------------------------
 *   current                                                       step
 *   previous, age < retry window                                  retried: the same successor
 *   previous, age < confirm window, successor unconfirmed,        retried_late: the same successor, on record
 *     and at most so many generations in a row needed it
 *   previous after that, any older one, a wrong secret            reused: the session ends, on record
 *   of a session that has ended, or of a disabled account         ended
 *   of a session past its end                                     expired
 *
 * Ages are compared with `<`, so a window of 0 forgives nothing, and with clock_timestamp(): a request that
 * waited for the row's lock is judged by the time at which it got it. Epochs are compared with `<=`: a statement that
 * waited sees the new session but the old account, when a password change in between kept the session.
 */

export interface RefreshPolicy {
  REFRESH_TOKEN_TTL: number
  REFRESH_RETRY_WINDOW: number
  REFRESH_CONFIRM_WINDOW: number
  REFRESH_LATE_RETRIES: number
  SESSION_MAX_AGE: number
}

/** The session after a step, with what its tokens say of the account. */
export interface RefreshedRow {
  account_id: string
  email: string
  contract: SessionContract
  generation: number
  expires_in: number
}

export type ReplayOutcome = 'current' | 'retried' | 'retried_late' | 'reused' | 'ended' | 'expired'

/** What the row of a losing token says. */
export interface ReplayRow extends RefreshedRow {
  outcome: ReplayOutcome
  end_reason: string | null
  current_hash: Buffer
  nonce: Buffer
}

/** The presented token and what the ratchet makes of it: hashes only, secrets stay outside the database. */
export interface RefreshAttempt {
  token: RefreshToken
  hash: Buffer
  successorHash: Buffer
  nonce: Buffer
}

/**
 * Trades the current token: one conditional update. Of any number of requests with one token at most one gets
 * a row back, the others get `undefined` and ask `judge`.
 */
export async function rotate (
  sql: Sql, policy: RefreshPolicy, attempt: RefreshAttempt
): Promise<RefreshedRow | undefined> {
  const { token, hash, successorHash, nonce } = attempt
  const [row] = await sql<RefreshedRow[]>`
    UPDATE sessions AS session SET
      generation = session.generation + 1,
      previous_hash = session.current_hash,
      current_hash = ${successorHash},
      nonce = ${nonce},
      rotated_at = clock_timestamp(),
      expires_at = least(
        clock_timestamp() + make_interval(secs => ${policy.REFRESH_TOKEN_TTL}),
        session.created_at + make_interval(secs => ${policy.SESSION_MAX_AGE}))
    FROM accounts AS account
    WHERE session.account_id = ${token.accountId} AND session.id = ${token.sessionId}
      AND session.current_hash = ${hash} AND session.generation = ${token.generation}
      AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
      AND account.id = session.account_id AND account.epoch <= session.epoch AND account.disabled_at IS NULL
    RETURNING session.account_id, account.email, session.contract, session.generation,
      extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS expires_in`
  return row
}

/**
 * Judges a token that could not be traded, and does what its verdict asks in the same statement, under the
 * row's lock. `confirmed` is the generation that this process knows to be confirmed, though it is not written yet.
 * Returns `undefined` for a session that is not there.
 */
export async function classifyReplay (
  sql: Sql, policy: RefreshPolicy, attempt: RefreshAttempt, confirmed: number, address: string | null
): Promise<ReplayRow | undefined> {
  const { token, hash } = attempt
  const [row] = await sql<ReplayRow[]>`
    WITH session AS MATERIALIZED (
      SELECT * FROM sessions WHERE account_id = ${token.accountId} AND id = ${token.sessionId} FOR UPDATE
    ), aged AS MATERIALIZED (
      SELECT session.*,
        clock_timestamp() AS judged_at,
        session.previous_hash = ${hash} AND session.generation - 1 = ${token.generation} AS is_previous,
        greatest(session.confirmed_generation, ${confirmed}) < session.generation AS is_unconfirmed,
        CASE session.late_generation
          WHEN session.generation THEN session.late_streak
          WHEN session.generation - 1 THEN session.late_streak + 1
          ELSE 1
        END AS streak
      FROM session
    ), judged AS MATERIALIZED (
      SELECT aged.*, aged.id AS session_id, CASE
        WHEN aged.ended_at IS NOT NULL OR account.epoch > aged.epoch OR account.disabled_at IS NOT NULL
          THEN 'ended'
        WHEN aged.expires_at <= aged.judged_at
          THEN 'expired'
        WHEN aged.current_hash = ${hash} AND aged.generation = ${token.generation}
          THEN 'current'
        WHEN aged.is_previous
          AND aged.judged_at < aged.rotated_at + make_interval(secs => ${policy.REFRESH_RETRY_WINDOW})
          THEN 'retried'
        WHEN aged.is_previous AND aged.is_unconfirmed AND aged.streak <= ${policy.REFRESH_LATE_RETRIES}
          AND aged.judged_at < aged.rotated_at + make_interval(secs => ${policy.REFRESH_CONFIRM_WINDOW})
          THEN 'retried_late'
        ELSE 'reused'
      END AS verdict
      FROM aged JOIN accounts AS account ON account.id = aged.account_id
    ), late AS (
      UPDATE sessions SET late_generation = judged.generation, late_streak = judged.streak
      FROM judged
      WHERE sessions.account_id = judged.account_id AND sessions.id = judged.id AND judged.verdict = 'retried_late'
    ), theft AS (
      UPDATE sessions SET ended_at = judged.judged_at, end_reason = 'reused'
      FROM judged
      WHERE sessions.account_id = judged.account_id AND sessions.id = judged.id AND judged.verdict = 'reused'
    ), record AS (
      INSERT INTO audit_events (account_id, event, session_id, address)
      SELECT account_id, CASE verdict WHEN 'reused' THEN 'refresh_token_reused' ELSE 'refresh_retried_late' END,
        session_id, ${address}
      FROM judged WHERE verdict IN ('retried_late', 'reused')
    )
    SELECT judged.account_id, account.email, judged.contract, judged.generation,
      extract(epoch FROM judged.expires_at - judged.judged_at)::float8 AS expires_in,
      judged.verdict, judged.end_reason, judged.current_hash, judged.nonce
    FROM judged JOIN accounts AS account ON account.id = judged.account_id`
  return row
}
