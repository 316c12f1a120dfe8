import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { accountColumns, type AccountRow } from '../accounts/account.js'
import { recordEvents } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import { networkOf } from '../lib/network.js'
import { sha256 } from '../lib/secrets.js'
import { endAccess, endSessions, type AccessToEnd } from '../revocations/end-sessions.js'
import { isLive, tokenSubject, type TokenSubject } from './session-row.js'

export interface NewSession {
  contract: SessionContract
  clientInfo: ClientInfo
  events: readonly AuditEvent[]
  /** Of the first refresh token, or `null` where the contract has none. */
  secret: Buffer | null
  /** Seconds. */
  lifetime: number
}

/** A session beside those that the account has. */
export interface FurtherSession extends NewSession {
  accountId: string
  /** Definitions of CTEs that `account` reads, if it reads any. */
  before?: Fragment
  /** The body of a CTE that gives the account's row, or none if there is to be no session. */
  account: Fragment
  /** Definitions of CTEs that read `account`, if any do. */
  after?: Fragment | undefined
  maxPerAccount: number
}

/** A session in place of all that the account has. */
interface OnlySession extends NewSession {
  access: AccessToEnd
  /** The body of a CTE that stores the mail about it, for the account of the CTE `session`. */
  notice: Fragment
}

export type StartedRow = TokenSubject & AccountRow & {
  sessionId: string
  /** Sessions that ended to make room. */
  endedIds: string[]
}

/** The definition of `session`: the new row, of the account of the CTE `account`; with its audit records. */
function newSession (sql: Pool, sessionId: string, session: NewSession): Fragment {
  const { contract, clientInfo, events, secret, lifetime } = session
  const { address, userAgent, deviceName = null } = clientInfo
  return sql`
    session AS (
      INSERT INTO sessions AS session (
        account_id, id, contract, epoch, current_hash, address, network, user_agent, device_name, expires_at)
      SELECT account.id, ${sessionId}, ${contract}, account.epoch, ${secret === null ? null : sha256(secret)},
        ${address}, ${networkOf(address)}, ${userAgent}, ${deviceName}, now() + make_interval(secs => ${lifetime})
      FROM account
      RETURNING session.account_id, session.id AS session_id, session.contract, session.generation, session.expires_at
    ), record AS (${recordEvents(sql, events, 'session', clientInfo)})`
}

/** What is returned of it, with the sessions of the CTE `ended`. */
function startedRow (sql: Pool): Fragment {
  return sql`
    SELECT ${accountColumns(sql)}, ${tokenSubject(sql)}, session.session_id,
      ARRAY(SELECT session_id FROM ended) AS ended_ids
    FROM session JOIN account ON account.id = session.account_id`
}

/**
 * Inserts a session with its audit records, and ends the oldest ones beyond the quota. A sign-in at the same moment may
 * skip those too; the next one makes up for it.
 */
export function insertSession (sql: Pool, session: FurtherSession) {
  const { clientInfo, accountId, account, before, after, maxPerAccount } = session
  const sessionId = randomUUID()
  return sql<StartedRow[]>`
    WITH ${before === undefined ? sql`` : sql`${before},`} account AS (${account}),
    ${after === undefined ? sql`` : sql`${after},`}
    ${newSession(sql, sessionId, session)},
    surplus AS MATERIALIZED (
      SELECT session.id FROM sessions AS session, account
      WHERE session.account_id = ${accountId} AND session.id <> ${sessionId} AND ${isLive(sql)}
      ORDER BY session.created_at DESC, session.id OFFSET ${maxPerAccount - 1}
    ), ${endSessions(sql, {
      accountId,
      // In an array, which is made once: a join may lock the rows again for each row that it looks at.
      where: sql`session.id = ANY(ARRAY(
        SELECT oldest.id FROM sessions AS oldest
        WHERE oldest.account_id = ${accountId} AND oldest.id = ANY(ARRAY(SELECT surplus.id FROM surplus))
        FOR UPDATE OF oldest SKIP LOCKED
      ))`,
      reason: 'session_limit',
      by: clientInfo
    })}
    ${startedRow(sql)}`
}

/** Ends all access of an account and inserts a session of its new epoch. */
export function insertOnlySession (sql: Pool, { access, notice, ...session }: OnlySession) {
  return sql<StartedRow[]>`
    WITH ${endAccess(sql, access)}, ${newSession(sql, randomUUID(), session)}, notice AS (${notice})
    ${startedRow(sql)}`
}
