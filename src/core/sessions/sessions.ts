import type { Fragment, Sql } from 'postgres'
import { recordEvent, type AuditEvent } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Revocations } from '../revocations/revocations.js'
import type { EndReason } from '../revocations/end-reasons.js'
import { isUuid } from '../lib/uuid.js'

export interface SessionsNeeds {
  sql: Sql
  revocations: Revocations
}

/** A live session, as its owner or an operator may see it. */
export interface LiveSession {
  id: string
  contract: string
  address: string | null
  userAgent: string | null
  createdAt: Date
  /** When it was last extended. */
  updatedAt: Date
  expiresAt: Date
}

export type Sessions = ReturnType<typeof createSessions>

/** Ends of sessions that have their own name on record; all others are revocations. */
const eventOfEnd: Partial<Record<EndReason, AuditEvent>> = { signed_out: 'signed_out' }

/** Shows and ends sessions. */
export function createSessions ({ sql, revocations }: SessionsNeeds) {
  return {
    /** Ends one session; ending one that is dead already, or unknown, changes nothing. Returns whether it lived. */
    async end (accountId: string, id: string, reason: EndReason, clientInfo: ClientInfo): Promise<boolean> {
      if (!isUuid(id)) return false
      // The notice names it as the caches do.
      const sessionId = id.toLowerCase()
      const ended = await sql`
        WITH ended AS (
          UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason}
          WHERE account_id = ${accountId} AND id = ${sessionId} AND ended_at IS NULL
          RETURNING account_id, id AS session_id
        ), record AS (${recordEvent(sql, eventOfEnd[reason] ?? 'session_revoked', 'ended', clientInfo.address)})
        SELECT session_id FROM ended`
      revocations.publish({ accountId, sessionId })
      return ended.length > 0
    },

    /** Ends all sessions of an account and returns how many lived. */
    async endAll (accountId: string, reason: EndReason, clientInfo: ClientInfo): Promise<number> {
      const ended = await sql`
        WITH account AS (
          UPDATE accounts SET epoch = epoch + 1 WHERE id = ${accountId} RETURNING id
        ), ended AS (
          UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason}
          FROM account
          WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          RETURNING sessions.account_id, sessions.id AS session_id
        ), record AS (${recordEvent(sql, 'session_revoked', 'ended', clientInfo.address)})
        SELECT session_id FROM ended`
      revocations.publish({ accountId })
      return ended.length
    },

    /** Ends all sessions of an account but one. */
    async endOthers (
      accountId: string, keepSessionId: string, reason: EndReason, clientInfo: ClientInfo
    ): Promise<void> {
      await sql`
        WITH ended AS (
          UPDATE sessions SET ended_at = clock_timestamp(), end_reason = ${reason}
          WHERE account_id = ${accountId} AND id <> ${keepSessionId} AND ended_at IS NULL
          RETURNING account_id, id AS session_id
        ), record AS (${recordEvent(sql, 'session_revoked', 'ended', clientInfo.address)})
        SELECT session_id FROM ended`
      revocations.publish({ accountId })
    },

    /** The live sessions of an account, newest first. */
    list (accountId: string): Promise<LiveSession[]> {
      return select(accountId, sql``)
    },

    /** One live session, or `null`. */
    async find (accountId: string, sessionId: string): Promise<LiveSession | null> {
      const [session] = await select(accountId, sql`AND session.id = ${sessionId}`)
      return session ?? null
    }
  }

  async function select (accountId: string, condition: Fragment): Promise<LiveSession[]> {
    return sql<LiveSession[]>`
      SELECT session.id, session.contract, session.address, session.user_agent AS "userAgent",
        session.created_at AS "createdAt", session.rotated_at AS "updatedAt", session.expires_at AS "expiresAt"
      FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      WHERE session.account_id = ${accountId} AND session.ended_at IS NULL
        AND session.expires_at > clock_timestamp() AND account.epoch <= session.epoch ${condition}
      ORDER BY session.created_at DESC, session.id`
  }
}
