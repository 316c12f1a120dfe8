import type { Fragment, Pool } from '../../db/pool.js'
import type { EndReason } from '../../db/stored-values.js'
import { recordEvents, type Initiator } from '../audit/audit.js'
import { ends } from './end-reasons.js'

/*
 * The only code that ends sessions. Each function gives CTE definitions, to be put after WITH: what else belongs to
 * the same change goes into the same statement. Callers publish the revocation once the statement is committed.
 */

export interface SessionsToEnd {
  /** Named in each part of the statement: a distributed Postgres sends it to this account's shard alone. */
  accountId: string
  /** The `FROM` that `where` reads, if it needs one. */
  from?: Fragment
  /** Which of the account's sessions, under the name `session`; those that ended before are left as they are. */
  where: Fragment
  reason: EndReason
  /** Of the request, for the audit record. */
  by: Initiator
}

/** Defines `ended` (`account_id`, `session_id` of each session that was ended) and records each end. */
export function endSessions (sql: Pool, { accountId, from = sql``, where, reason, by }: SessionsToEnd): Fragment {
  const { event } = ends[reason]
  return sql`
    ended AS (
      UPDATE sessions AS session SET ended_at = now(), end_reason = ${reason} ${from}
      WHERE session.account_id = ${accountId} AND ${where} AND session.ended_at IS NULL
      RETURNING session.account_id, session.id AS session_id
    ), ended_record AS (${recordEvents(sql, event === null ? [] : [event], 'ended', by)})`
}

export interface AccessToEnd {
  accountId: string
  /** A further condition on the account, under the name `account`. */
  where?: Fragment
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
export function endAccess (sql: Pool, access: AccessToEnd): Fragment {
  const { accountId, where = sql`true`, set = sql``, keep, reason, by } = access
  const keptId = keep ?? null
  return sql`
    account AS (
      UPDATE accounts AS account SET epoch = account.epoch + 1 ${set}
      WHERE account.id = ${accountId} AND ${where} RETURNING account.*
    ), ${endSessions(sql, {
      accountId,
      from: sql`FROM account`,
      where: sql`session.id IS DISTINCT FROM ${keptId}::uuid`,
      reason,
      by
    })}, kept AS (
      UPDATE sessions AS session SET epoch = account.epoch
      FROM account
      WHERE session.account_id = ${accountId} AND session.id = ${keptId}::uuid AND session.ended_at IS NULL
        AND session.epoch = account.epoch - 1
    )`
}
