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
  typeof sessions.$inferSelect, 'id' | 'contract' | 'address' | 'userAgent' | 'deviceName' | 'createdAt' | 'expiresAt'
> & {
  /** When it was last extended. */
  updatedAt: Date
}

/** With its place in the list: microseconds since 1970, since a `Date` would round them, and the id. */
export type PlacedSession = LiveSession & { place: string }

/** Sessions, and the place after which the next page begins; `null` at the end. */
export interface SessionPage {
  sessions: LiveSession[]
  next: string | null
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

    /** A page of `limit` of them that begins after `place`, which an earlier page gave. */
    async page (accountId: string, limit: number, place: string | null): Promise<SessionPage> {
      const rows = await selectSessionPage(sql, accountId, limit, place)
      const last = rows.at(-1)
      return { sessions: rows, next: last !== undefined && rows.length === limit ? last.place : null }
    },

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
    SELECT ${sql.unsafe(liveSession)} ${liveSessionsOf(sql, accountId)} ${condition} ${newestFirst(sql, maxListed)}`
}

/** Some of them, from the one after a place in the list. */
export function selectSessionPage (sql: Pool, accountId: string, limit: number, place: string | null) {
  const [microseconds = '', id = ''] = place?.split('_') ?? []
  const createdAt = sql`timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us'`
  const isAfter = place === null
    ? sql``
    : sql`AND (session.created_at < ${createdAt} OR (session.created_at = ${createdAt} AND session.id > ${id}::uuid))`
  return sql<PlacedSession[]>`
    SELECT ${sql.unsafe(liveSession)}, (extract(epoch FROM session.created_at) * 1000000)::bigint || '_' || session.id
      AS place
    ${liveSessionsOf(sql, accountId)} ${isAfter} ${newestFirst(sql, limit)}`
}

const liveSession = `
  session.id, session.contract, session.address, session.user_agent, session.device_name, session.created_at,
  session.rotated_at AS updated_at, session.expires_at`

const liveSessionsOf = (sql: Pool, accountId: string): Fragment => sql`
  FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
  WHERE session.account_id = ${accountId} AND ${isLive(sql)}`

const newestFirst = (sql: Pool, limit: number): Fragment =>
  sql`ORDER BY session.created_at DESC, session.id LIMIT ${limit}`
