import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import { violatedConstraint } from '../../db/errors.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import type { Insertion } from '../accounts/accounts.js'
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
}

/** The tokens of a new session: with a refresh token where the contract has them. */
export type SignedIn<Contract extends SessionContract = SessionContract> = { account: Account } &
  (Contract extends ContractOfKind<'refresh_token'> ? IssuedTokens : IssuedAccessToken)

interface NewSession {
  contract: SessionContract
  clientInfo: ClientInfo
  accountId: string
  /** The body of a CTE that gives the account's row, or none if there is to be no session. */
  account: Fragment
  events: readonly AuditEvent[]
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
      const { accountId, passwordHash, renewedHash } = verified
      const unchanged = sql`
        account.id = ${accountId} AND account.password_hash = ${passwordHash} AND account.disabled_at IS NULL`
      const account = renewedHash === null
        ? sql`SELECT account.* FROM accounts AS account WHERE ${unchanged}`
        : sql`UPDATE accounts AS account SET password_hash = ${renewedHash} WHERE ${unchanged} RETURNING account.*`
      return start({ contract, clientInfo, accountId, account, events: ['signed_in'] })
    },

    /**
     * Begins a session of an account that has just authenticated by another one.
     * @throws AuthError `invalid_token` if the account was disabled or deleted meanwhile
     */
    async withAccount<Contract extends SessionContract> (
      accountId: string, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      const account = sql`
        SELECT account.* FROM accounts AS account WHERE account.id = ${accountId} AND account.disabled_at IS NULL`
      const signedIn = await start({ contract, clientInfo, accountId, account, events: ['signed_in'] })
      if (signedIn === null) throw invalidToken('revoked')
      return signedIn
    },

    /**
     * Begins the first session of an account that is made in the same statement; `null` if the statement that makes it
     * returns no row.
     */
    withNewAccount<Contract extends SessionContract> (
      { accountId, part }: Insertion, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract> | null> {
      return start({ contract, clientInfo, accountId, account: part, events: ['account_created', 'signed_in'] })
    }
  }
}

/**
 * Inserts a session with its audit records, and ends the oldest ones beyond the quota. A sign-in at the same moment may
 * skip those too; the next one makes up for it.
 */
export function insertSession (sql: Pool, session: NewSession) {
  const { contract, clientInfo, accountId, account, events, secret, lifetime, maxPerAccount } = session
  const { address, userAgent } = clientInfo
  const sessionId = randomUUID()
  return sql<StartedRow[]>`
    WITH account AS (${account}), session AS (
      INSERT INTO sessions AS session (
        account_id, id, contract, epoch, current_hash, address, network, user_agent, expires_at)
      SELECT account.id, ${sessionId}, ${contract}, account.epoch, ${secret === null ? null : sha256(secret)},
        ${address}, ${networkOf(address)}, ${userAgent}, now() + make_interval(secs => ${lifetime})
      FROM account
      RETURNING session.account_id, session.id AS session_id, session.contract, session.generation, session.expires_at
    ), record AS (${recordEvents(sql, events, 'session', clientInfo)}),
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
    SELECT ${accountColumns(sql)}, ${tokenSubject(sql)}, session.session_id,
      ARRAY(SELECT session_id FROM ended) AS ended_ids
    FROM session JOIN account ON account.id = session.account_id`
}

/** An account that is deleted while its owner signs in leaves the new session without an account to refer to. */
function ifAccountGone (error: unknown): [] {
  if (violatedConstraint(error) === 'sessions_account_id_accounts_id_fk') return []
  throw error
}
