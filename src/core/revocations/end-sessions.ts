import type { Fragment, Pool } from '../../db/pool.js'
import type { EndReason } from '../../db/stored-values.js'
import { recordEvents, type Initiator } from '../audit/audit.js'
import { ends } from './end-reasons.js'

/*
 * The only code that ends sessions. Each function gives CTE definitions, to be put after WITH: what else belongs to
 * the same change goes into the same statement. Callers publish the revocation once the statement is committed.
 */

export interface SessionsToEnd {
  /** The `FROM` that `where` reads, if it needs one. */
  from?: Fragment
  /** Which rows of `sessions`; those that ended before are left as they are. */
  where: Fragment
  reason: EndReason
  /** Of the request, for the audit record. */
  by: Initiator
}

/** Defines `ended` (`account_id`, `session_id` of each session that was ended) and records each end. */
export function endSessions (sql: Pool, { from = sql``, where, reason, by }: SessionsToEnd): Fragment {
  const { event } = ends[reason]
  return sql`
    ended AS (
      UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason} ${from}
      WHERE ${where} AND sessions.ended_at IS NULL
      RETURNING sessions.account_id, sessions.id AS session_id
    ), ended_record AS (${recordEvents(sql, event === null ? [] : [event], 'ended', by)})`
}

export interface AccessToEnd {
  /** Which row of `accounts`, under the name `account`. */
  where: Fragment
  /** Further assignments to the account, each with a comma before it. */
  set?: Fragment
  /** The id of the session that goes on, if one does. */
  keep?: string
  reason: EndReason
  by: Initiator
}

/**
 * Defines `account` (the changed row, or none) and `ended`: ends all sessions of an account but the kept one and
 * advances the account's epoch, so that a session that a concurrent sign-in is inserting is invalid too (ADR 0004).
 */
export function endAccess (sql: Pool, { where, set = sql``, keep, reason, by }: AccessToEnd): Fragment {
  const keptId = keep ?? null
  return sql`
    account AS (
      UPDATE accounts AS account SET epoch = account.epoch + 1 ${set} WHERE ${where} RETURNING account.*
    ), ${endSessions(sql, {
      from: sql`FROM account`,
      where: sql`sessions.account_id = account.id AND sessions.id IS DISTINCT FROM ${keptId}::uuid`,
      reason,
      by
    })}, kept AS (
      UPDATE sessions SET epoch = account.epoch
      FROM account
      WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
        AND sessions.id = ${keptId}::uuid AND sessions.epoch = account.epoch - 1
    )`
}
