import { randomBytes, randomUUID } from 'node:crypto'
import type { Fragment, Sql } from 'postgres'
import { violatedConstraint } from '../../db/errors.js'
import { accountColumns, toAccount, type AccountRow } from '../accounts/account.js'
import type { AuditEvent } from '../audit/audit.js'
import type { AccessGrant, Grant, TokenIssuer } from './token-issuer.js'
import { networkOf } from '../lib/network.js'
import type { ClientInfo } from '../lib/client-info.js'
import { hashSecret } from '../tokens/refresh-token.js'
import type { RefreshedRow } from '../refresh/rotation.js'
import { lifetimesOf, type AccessOnlyContract, type Lifetimes, type SessionContract } from './session-kinds.js'

export interface SessionStartNeeds {
  sql: Sql
  policy: Lifetimes
  grants: TokenIssuer
}

/** The account whose password has just been checked, and what was checked. */
export interface VerifiedAccount {
  accountId: string
  passwordHash: string
  /** A stronger hash of the same password, stored in the same statement. */
  renewedHash: string | null
  /** What else the statement does: the guess was right. */
  inSameStatement: Fragment
}

interface BegunRow extends RefreshedRow, AccountRow {
  session_id: string
}

export type SessionStart = ReturnType<typeof createSessionStart>

const secretBytes = 32

/** Begins sessions, each in one statement with whatever else belongs to its beginning. */
export function createSessionStart ({ sql, policy, grants }: SessionStartNeeds) {
  /** `account` is the body of a CTE that gives the account's row, or none if there is to be no session. */
  async function begin (
    account: Fragment, also: Fragment, contract: SessionContract, clientInfo: ClientInfo, secret: Buffer | null,
    events: AuditEvent[]
  ): Promise<BegunRow | undefined> {
    const hash = secret === null ? null : hashSecret(secret)
    const begun = sql<BegunRow[]>`
      WITH account AS (${account}), session AS (
        INSERT INTO sessions (
          account_id, id, contract, epoch, current_hash, address, network, user_agent, expires_at)
        SELECT account.id, ${randomUUID()}, ${contract}, account.epoch, ${hash}, ${clientInfo.address},
          ${networkOf(clientInfo.address)}, ${clientInfo.userAgent},
          clock_timestamp() + make_interval(secs => ${lifetimesOf(contract, policy).session})
        FROM account
        RETURNING account_id, id AS session_id, contract, generation, expires_at
      ), record AS (
        INSERT INTO audit_events (account_id, event, session_id, address)
        SELECT account_id, event, session_id, ${clientInfo.address}
        FROM session, unnest(string_to_array(${events.join()}, ',')) AS event
      ), also AS (${also})
      SELECT ${accountColumns(sql)}, session.account_id, session.session_id, session.contract, session.generation,
        extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS expires_in
      FROM session JOIN account ON account.id = session.account_id`
    const [row] = await begun.catch(ifAccountGone)
    return row
  }

  /** The account, if it is still enabled and its password still the one that was checked. */
  function checked ({ accountId, passwordHash, renewedHash }: VerifiedAccount): Fragment {
    const unchanged = sql`id = ${accountId} AND password_hash = ${passwordHash} AND disabled_at IS NULL`
    return renewedHash === null
      ? sql`SELECT * FROM accounts WHERE ${unchanged}`
      : sql`UPDATE accounts SET password_hash = ${renewedHash} WHERE ${unchanged} RETURNING *`
  }

  function accessGrant (row: BegunRow): AccessGrant {
    return { ...grants.accessToken(row, row.session_id), account: toAccount(row) }
  }

  return {
    /** Begins a session with refresh tokens; returns `null` if the account changed since the check. */
    async refreshable (verified: VerifiedAccount, clientInfo: ClientInfo): Promise<Grant | null> {
      const secret = randomBytes(secretBytes)
      const row = await begin(checked(verified), verified.inSameStatement, 'partner', clientInfo, secret, ['signed_in'])
      if (row === undefined) return null
      const { account_id: accountId, session_id: sessionId, generation } = row
      const tokens = grants.tokenPair(row, { accountId, sessionId, generation, secret })
      return { ...tokens, account: toAccount(row) }
    },

    /** Begins a session without refresh tokens; returns `null` if the account changed since the check. */
    async accessOnly (
      verified: VerifiedAccount, contract: AccessOnlyContract, clientInfo: ClientInfo
    ): Promise<AccessGrant | null> {
      const row = await begin(checked(verified), verified.inSameStatement, contract, clientInfo, null, ['signed_in'])
      return row === undefined ? null : accessGrant(row)
    },

    /** Begins the first session of an account that `insertion` makes in the same statement. */
    async withNewAccount (
      insertion: Fragment, contract: AccessOnlyContract, clientInfo: ClientInfo
    ): Promise<AccessGrant> {
      const row = await begin(insertion, sql`SELECT 1`, contract, clientInfo, null, ['account_created', 'signed_in'])
      // It gives one, or the statement fails; the type of a result does not know.
      /* c8 ignore next */
      if (row === undefined) throw new Error('an insertion gave no row')
      return accessGrant(row)
    }
  }
}

/** An account that is deleted while its owner signs in leaves the new session without an account to refer to. */
function ifAccountGone (error: unknown): [] {
  if (violatedConstraint(error) === 'sessions_account_id_accounts_id_fk') return []
  throw error
}
