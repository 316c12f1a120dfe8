import type { Fragment, Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import type { EndReason } from '../../db/stored-values.js'
import { invalidRefreshToken } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { isUuid } from '../lib/uuid.js'
import { endAccess, endSessions } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import { isLive, isOpenTo } from './session-row.js'

export interface SessionListNeeds {
  sql: Pool
  revocations: Pick<RevocationNotices, 'publish'>
}

/** More than any account can have, unless the quota was raised. */
const maxListed = 1_000

/** A live session, as its owner or an operator may see it. */
export type LiveSession = Pick<
  typeof sessions.$inferSelect, 'id' | 'contract' | 'address' | 'userAgent' | 'createdAt' | 'expiresAt'
> & {
  /** When it was last extended. */
  updatedAt: Date
}

export type SessionList = ReturnType<typeof createSessionList>

/** Shows and ends sessions. */
export function createSessionList ({ sql, revocations }: SessionListNeeds) {
  /** Ends sessions by an `endAccess` of one account; returns how many. */
  async function endAll (
    accountId: string, reason: EndReason, by: ClientInfo, keep?: string
  ): Promise<number> {
    const [{ count }] = await sql<[{ count: number }]>`
      WITH ${endAccess(sql, { accountId, reason, by, ...(keep !== undefined && { keep }) })}
      SELECT count(*)::int AS count FROM ended`
    revocations.publish({ accountId })
    return count
  }

  return {
    /**
     * Ends one session; an ended or unknown one is left as it is. Returns whether it was live.
     * @param clientId the client that ends it
     * @throws AuthError `invalid_refresh_token` (`wrong_client`) when another client refreshes it
     */
    async end (
      accountId: string, id: string, reason: EndReason, by: ClientInfo, clientId?: string
    ): Promise<boolean> {
      if (!isUuid(id)) return false
      // The notice names it as the caches do.
      const sessionId = id.toLowerCase()
      const isIt = sql`session.account_id = ${accountId} AND session.id = ${sessionId}`
      const mayEnd = clientId === undefined ? sql`true` : isOpenTo(sql, clientId)
      const [it] = await sql<[{ wasLive: boolean, isRefused: boolean }?]>`
        WITH it AS MATERIALIZED (
          SELECT session.*, session.ended_at IS NULL AS was_live, ${mayEnd} AS may_end
          FROM sessions AS session WHERE ${isIt} FOR UPDATE
        ),
        ${endSessions(sql, {
          accountId,
          from: sql`FROM it`,
          where: sql`session.id = it.id AND it.may_end`,
          reason,
          by
        })}
        SELECT was_live, was_live AND NOT may_end AS is_refused FROM it`
      // Ids that are not there make no cached validation stale and have no other process ask.
      if (it === undefined) return false
      if (it.isRefused) throw invalidRefreshToken('wrong_client')
      // Also of one that had ended: the reply to the call that ended it may have been lost before it was published.
      revocations.publish({ accountId, sessionId })
      return it.wasLive
    },

    /** Ends all sessions of an account; returns how many were live. */
    endAll: (accountId: string, reason: EndReason, clientInfo: ClientInfo) => endAll(accountId, reason, clientInfo),

    /** Ends all sessions of an account but one; returns how many were live. */
    endOthers: (accountId: string, keptSessionId: string, reason: EndReason, clientInfo: ClientInfo) =>
      endAll(accountId, reason, clientInfo, keptSessionId),

    /** The live sessions of an account, newest first. */
    list: (accountId: string): Promise<LiveSession[]> => selectLiveSessions(sql, accountId),

    /** One live session, or `null`. */
    async find (accountId: string, sessionId: string): Promise<LiveSession | null> {
      const [session] = await selectLiveSessions(sql, accountId, sql`AND session.id = ${sessionId}`)
      return session ?? null
    }
  }
}

/** The live sessions of an account, newest first, that meet a further condition. */
export function selectLiveSessions (sql: Pool, accountId: string, condition: Fragment = sql``) {
  return sql<LiveSession[]>`
    SELECT session.id, session.contract, session.address, session.user_agent, session.created_at,
      session.rotated_at AS updated_at, session.expires_at
    FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
    WHERE session.account_id = ${accountId} AND ${isLive(sql)} ${condition}
    ORDER BY session.created_at DESC, session.id LIMIT ${maxListed}`
}
