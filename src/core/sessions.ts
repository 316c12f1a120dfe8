import { randomBytes, randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'
import { violatedConstraint } from '../db/violated-constraint.js'
import { accountColumns } from './account.js'
import { recordEvent, type AuditEvent } from './audit.js'
import type { Grant, Grants } from './grants.js'
import type { Origin } from './origin.js'
import { hashSecret } from './refresh-token.js'
import type { RefreshedRow, RefreshPolicy } from './rotation.js'
import type { Revocations } from './revocations.js'
import type { EndReason } from './session-end.js'

export interface SessionsNeeds {
  sql: Sql
  policy: Pick<RefreshPolicy, 'REFRESH_TOKEN_TTL' | 'SESSION_MAX_AGE'>
  grants: Grants
  revocations: Revocations
}

/** A live session, as its owner or an operator may see it. */
export interface SessionView {
  id: string
  contract: string
  address: string | null
  userAgent: string | null
  createdAt: Date
  expiresAt: Date
}

/** The account whose password has just been checked, and what was checked. */
export interface VerifiedAccount {
  accountId: string
  passwordHash: string
  /** A stronger hash of the same password, stored in the same statement. */
  renewedHash: string | null
}

export type Sessions = ReturnType<typeof createSessions>

const secretBytes = 32

/** Ends of sessions that have their own name on record; all others are revocations. */
const eventOfEnd: Partial<Record<EndReason, AuditEvent>> = { signed_out: 'signed_out' }

/** Begins, lists and ends sessions: one row each, whatever happens to them. */
export function createSessions ({ sql, policy, grants, revocations }: SessionsNeeds) {
  const longest = Math.min(policy.REFRESH_TOKEN_TTL, policy.SESSION_MAX_AGE)

  return {
    /**
     * Begins a session in one statement, if the account is still enabled and its password still the one that
     * was checked. Returns `null` if it is not.
     */
    async start (verified: VerifiedAccount, contract: string, origin: Origin): Promise<Grant | null> {
      const sessionId = randomUUID()
      const secret = randomBytes(secretBytes)
      const { accountId, passwordHash, renewedHash } = verified
      const checked = sql`id = ${accountId} AND password_hash = ${passwordHash} AND disabled_at IS NULL`
      const begun = sql<RefreshedRow[]>`
        WITH account AS (
          ${renewedHash === null
            ? sql`SELECT * FROM accounts WHERE ${checked}`
            : sql`UPDATE accounts SET password_hash = ${renewedHash} WHERE ${checked} RETURNING *`}
        ), session AS (
          INSERT INTO sessions (account_id, id, contract, epoch, current_hash, address, user_agent, expires_at)
          SELECT account.id, ${sessionId}, ${contract}, account.epoch, ${hashSecret(secret)}, ${origin.address},
            ${origin.userAgent}, clock_timestamp() + make_interval(secs => ${longest})
          FROM account
          RETURNING account_id, id AS session_id, contract, generation, expires_at
        ), record AS (${recordEvent(sql, 'signed_in', 'session', origin.address)})
        SELECT ${accountColumns(sql)}, session.contract, session.generation,
          extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS expires_in
        FROM session JOIN account ON account.id = session.account_id`
      const [row] = await begun.catch(ifAccountGone)
      if (row === undefined) return null
      return grants.refreshed(row, { accountId: row.id, sessionId, generation: row.generation, secret })
    },

    /** Ends one session; ending one that is dead already, or unknown, changes nothing. Returns whether it lived. */
    async end (accountId: string, sessionId: string, reason: EndReason, origin: Origin): Promise<boolean> {
      const ended = await sql`
        WITH ended AS (
          UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason}
          WHERE account_id = ${accountId} AND id = ${sessionId} AND ended_at IS NULL
          RETURNING account_id, id AS session_id
        ), record AS (${recordEvent(sql, eventOfEnd[reason] ?? 'session_revoked', 'ended', origin.address)})
        SELECT session_id FROM ended`
      revocations.publish({ accountId, sessionId })
      return ended.length > 0
    },

    /** Ends all sessions of an account and returns how many lived. */
    async endAll (accountId: string, reason: EndReason, origin: Origin): Promise<number> {
      const ended = await sql`
        WITH account AS (
          UPDATE accounts SET epoch = epoch + 1 WHERE id = ${accountId} RETURNING id
        ), ended AS (
          UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason}
          FROM account
          WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          RETURNING sessions.account_id, sessions.id AS session_id
        ), record AS (${recordEvent(sql, 'session_revoked', 'ended', origin.address)})
        SELECT session_id FROM ended`
      revocations.publish({ accountId })
      return ended.length
    },

    /** The live sessions of an account, newest first. */
    async list (accountId: string): Promise<SessionView[]> {
      return sql<SessionView[]>`
        SELECT session.id, session.contract, session.address, session.user_agent AS "userAgent",
          session.created_at AS "createdAt", session.expires_at AS "expiresAt"
        FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
        WHERE session.account_id = ${accountId} AND session.ended_at IS NULL
          AND session.expires_at > clock_timestamp() AND session.epoch = account.epoch
        ORDER BY session.created_at DESC, session.id`
    }
  }
}

/** An account that is deleted while its owner signs in leaves the new session without an account to refer to. */
function ifAccountGone (error: unknown): [] {
  if (violatedConstraint(error) === 'sessions_account_id_accounts_id_fk') return []
  throw error
}
