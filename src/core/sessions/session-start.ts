import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import { violatedConstraint } from '../../db/errors.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { StatementPart } from '../../db/statement-part.js'
import type { SessionContract } from '../../db/stored-values.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import { recordEvents } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import { invalidToken } from '../errors.js'
import { networkOf } from '../lib/network.js'
import { sha256 } from '../lib/secrets.js'
import { endSessions } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import { lifetimesOf, sessionKinds, type ContractOfKind, type Lifetimes } from './session-kinds.js'
import { isLive, tokenSubject, type TokenSubject } from './session-row.js'
import type { IssuedAccessToken, IssuedTokens, TokenIssuer } from './token-issuer.js'

export interface SessionStartNeeds {
  sql: Pool
  revocations: Pick<RevocationNotices, 'publish'>
  /** Live sessions of an account at most. */
  maxPerAccount: number
  lifetimes: Lifetimes
  issuer: TokenIssuer
}

/** The account whose password has just been checked, and what was checked. */
export interface VerifiedAccount {
  accountId: string
  passwordHash: string
  /** A stronger hash of the same password, stored in the same statement. */
  renewedHash: string | null
  /** What else the statement does: the attempt has succeeded. */
  inSameStatement: StatementPart
}

/** The tokens of a new session: with a refresh token where the contract has them. */
export type SignedIn<Contract extends SessionContract = SessionContract> = { account: Account } &
  (Contract extends ContractOfKind<'refresh_token'> ? IssuedTokens : IssuedAccessToken)

interface NewSession {
  contract: SessionContract
  clientInfo: ClientInfo
  /** The body of a CTE that gives the account's row, or none if there is to be no session. */
  account: Fragment
  events: readonly AuditEvent[]
  inSameStatement?: StatementPart
  /** Of the first refresh token, or `null` where the contract has none. */
  secret: Buffer | null
  /** Seconds. */
  lifetime: number
  maxPerAccount: number
}

export type StartedRow = TokenSubject & AccountRow & {
  sessionId: string
  /** Sessions that ended to make room. */
  endedIds: string[]
}

export type SessionStart = ReturnType<typeof createSessionStart>

const secretBytes = 32

/** Begins sessions, each in one statement with everything else that belongs to its beginning. */
export function createSessionStart ({ sql, revocations, lifetimes, maxPerAccount, issuer }: SessionStartNeeds) {
  /** The secret of the first refresh token goes with the session only where the contract has refresh tokens. */
  async function start<Contract extends SessionContract> (
    options: Omit<NewSession, 'secret' | 'lifetime' | 'maxPerAccount'> & { contract: Contract }
  ): Promise<SignedIn<Contract> | null> {
    const secret = sessionKinds[options.contract] === 'refresh_token' ? randomBytes(secretBytes) : null
    const { session: lifetime } = lifetimesOf(options.contract, lifetimes)
    const [row] = await insertSession(sql, { ...options, secret, lifetime, maxPerAccount }).catch(ifAccountGone)
    if (row === undefined) return null
    const { accountId, sessionId, generation, endedIds } = row
    for (const endedId of endedIds) revocations.publish({ accountId, sessionId: endedId })
    const issued = secret === null
      ? issuer.accessToken(row, sessionId)
      : issuer.tokenPair(row, { accountId, sessionId, generation, secret })
    // There is a refresh token if and only if the contract has them, which the type says.
    const signedIn: SignedIn = { ...issued, account: toAccount(row) }
    return signedIn as SignedIn<Contract>
  }

  return {
    /** Returns `null` if the account was disabled or its password changed since the check. */
    withVerifiedAccount<Contract extends SessionContract> (
      verified: VerifiedAccount, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract> | null> {
      const { accountId, passwordHash, renewedHash, inSameStatement } = verified
      const unchanged = sql`id = ${accountId} AND password_hash = ${passwordHash} AND disabled_at IS NULL`
      const account = renewedHash === null
        ? sql`SELECT * FROM accounts WHERE ${unchanged}`
        : sql`UPDATE accounts SET password_hash = ${renewedHash} WHERE ${unchanged} RETURNING *`
      return start({ contract, clientInfo, account, inSameStatement, events: ['signed_in'] })
    },

    /**
     * Begins a session of an account that has just authenticated by another one.
     * @throws AuthError `invalid_token` if the account was disabled or deleted meanwhile
     */
    async withAccount<Contract extends SessionContract> (
      accountId: string, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      const account = sql`SELECT * FROM accounts WHERE id = ${accountId} AND disabled_at IS NULL`
      const signedIn = await start({ contract, clientInfo, account, events: ['signed_in'] })
      if (signedIn === null) throw invalidToken('revoked')
      return signedIn
    },

    /** Begins the first session of an account that `insertion` makes in the same statement. */
    async withNewAccount<Contract extends SessionContract> (
      insertion: StatementPart, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      const events = ['account_created', 'signed_in'] as const
      const signedIn = await start({ contract, clientInfo, account: insertion, events })
      // The insertion returns a row or the statement fails; the type of a result does not know.
      /* c8 ignore next */
      if (signedIn === null) throw new Error('the insertion of an account returned no row')
      return signedIn
    }
  }
}

/**
 * Inserts a session with its audit records and whatever else belongs to the same change, and ends the oldest ones
 * beyond the quota. A sign-in at the same moment may skip those too; the next one makes up for it.
 */
export function insertSession (sql: Pool, session: NewSession) {
  const { contract, clientInfo, account, events, secret, lifetime, maxPerAccount } = session
  const { inSameStatement = sql`SELECT 1` } = session
  const { address, userAgent } = clientInfo
  return sql<StartedRow[]>`
    WITH account AS (${account}), session AS (
      INSERT INTO sessions (
        account_id, id, contract, epoch, current_hash, address, network, user_agent, expires_at)
      SELECT account.id, ${randomUUID()}, ${contract}, account.epoch, ${secret === null ? null : sha256(secret)},
        ${address}, ${networkOf(address)}, ${userAgent}, clock_timestamp() + make_interval(secs => ${lifetime})
      FROM account
      RETURNING account_id, id AS session_id, contract, generation, expires_at
    ), record AS (${recordEvents(sql, events, 'session', clientInfo)}), in_same_statement AS (${inSameStatement}),
    surplus AS MATERIALIZED (
      SELECT session.account_id, session.id FROM sessions AS session JOIN account ON account.id = session.account_id
      WHERE ${isLive(sql)} ORDER BY session.created_at DESC, session.id OFFSET ${maxPerAccount - 1}
    ), oldest AS MATERIALIZED (
      SELECT account_id, id FROM sessions JOIN surplus USING (account_id, id) FOR UPDATE OF sessions SKIP LOCKED
    ), ${endSessions(sql, {
      from: sql`FROM oldest`,
      where: sql`sessions.account_id = oldest.account_id AND sessions.id = oldest.id`,
      reason: 'session_limit',
      by: clientInfo
    })}
    SELECT ${accountColumns(sql)}, ${tokenSubject(sql)}, session.session_id,
      ARRAY(SELECT session_id FROM ended) AS ended_ids
    FROM session JOIN account ON account.id = session.account_id`
}

/** An account that is deleted while its owner signs in leaves the new session without an account to refer to. */
function ifAccountGone (error: unknown): [] {
  if (violatedConstraint(error) === 'sessions_account_id_accounts_id_fk') return []
  throw error
}
