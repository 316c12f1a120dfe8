import { randomBytes } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import { violatedConstraint } from '../../db/errors.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { toAccount, type Account } from '../accounts/account.js'
import type { Insertion } from '../accounts/accounts.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Sample } from '../lib/outcomes.js'
import type { AccessToEnd } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import {
  insertOnlySession, insertSession, type FurtherSession, type NewSession, type StartedRow
} from './session-insertion.js'
import { lifetimesOf, sessionKinds, type ContractOfKind, type Lifetimes } from './session-kinds.js'
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
  /** Defines CTEs that read its row, the CTE `account`. */
  after?: Fragment | undefined
}

/** The account of a session that begins with another proof than a password. */
export type AccountProof = Pick<FurtherSession, 'accountId' | 'before' | 'account' | 'events'>

/** The tokens of a new session: with a refresh token where the contract has them. */
export type SignedIn<Contract extends SessionContract = SessionContract> = { account: Account } &
  (Contract extends ContractOfKind<'refresh_token'> ? IssuedTokens : IssuedAccessToken)

export type SessionStart = ReturnType<typeof createSessionStart>

/** What the contract of a session decides. */
type OfContract = Pick<NewSession, 'contract' | 'secret' | 'lifetime'>

const secretBytes = 32

/** Begins sessions, each in one statement with everything else that belongs to its beginning. */
export function createSessionStart ({ sql, revocations, lifetimes, maxPerAccount, issuer }: SessionStartNeeds) {
  const begun = new Map<SessionContract, number>()

  /**
   * Runs a statement that inserts a session, and issues its tokens.
   * @param insert gets what the contract's sessions have: the secret of the first refresh token only if there is one
   */
  async function issueFirst<Contract extends SessionContract> (
    contract: Contract, insert: (kind: OfContract) => PromiseLike<StartedRow[]>
  ): Promise<SignedIn<Contract> | null> {
    const secret = sessionKinds[contract] === 'refresh_token' ? randomBytes(secretBytes) : null
    const { session: lifetime } = lifetimesOf(contract, lifetimes)
    const [row] = await insert({ contract, secret, lifetime })
    if (row === undefined) return null
    begun.set(contract, (begun.get(contract) ?? 0) + 1)
    const { accountId, sessionId, generation, endedIds } = row
    for (const endedId of endedIds) revocations.publish({ accountId, sessionId: endedId })
    const issued = secret === null
      ? issuer.accessToken(row, sessionId)
      : issuer.tokenPair(row, { accountId, sessionId, generation, secret })
    // There is a refresh token if and only if the contract has them, which the type says.
    const signedIn: SignedIn = { ...issued, account: toAccount(row) }
    return signedIn as SignedIn<Contract>
  }

  function start<Contract extends SessionContract> (
    { contract, ...session }: Omit<FurtherSession, keyof OfContract | 'maxPerAccount'> & { contract: Contract }
  ): Promise<SignedIn<Contract> | null> {
    return issueFirst(
      contract, kind => insertSession(sql, { ...session, ...kind, maxPerAccount }).catch(ifAccountGone))
  }

  return {
    /** Returns `null` if the account was disabled or its password changed since the check. */
    withVerifiedAccount<Contract extends SessionContract> (
      verified: VerifiedAccount, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract> | null> {
      const { accountId, passwordHash, renewedHash, after } = verified
      const unchanged = sql`
        account.id = ${accountId} AND account.password_hash = ${passwordHash} AND account.disabled_at IS NULL
        AND account.deletes_at IS NULL`
      const account = renewedHash === null
        ? sql`SELECT account.* FROM accounts AS account WHERE ${unchanged}`
        : sql`UPDATE accounts AS account SET password_hash = ${renewedHash} WHERE ${unchanged} RETURNING account.*`
      return start({ contract, clientInfo, accountId, account, after, events: ['signed_in'] })
    },

    /**
     * Ends all access to an account and begins the one session that goes on, both or neither; returns `null` if the
     * account does not meet the condition of `access`. The caller publishes the revocation.
     */
    inPlaceOfAll<Contract extends SessionContract> (
      access: AccessToEnd, contract: Contract, clientInfo: ClientInfo, event: AuditEvent, notice: Fragment
    ): Promise<SignedIn<Contract> | null> {
      const events = [event, 'signed_in'] as const
      return issueFirst(contract, kind => insertOnlySession(sql, { ...kind, access, notice, clientInfo, events }))
    },

    /**
     * Begins a session of an account whose row a statement part gives; `null` if it gives none.
     * @param proof `before` defines the CTEs that `account`, the body of one that gives the row, reads
     */
    withProof<Contract extends SessionContract> (
      proof: AccountProof, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract> | null> {
      return start({ ...proof, contract, clientInfo })
    },

    /**
     * Begins the first session of an account that is made in the same statement; `null` if the statement that makes it
     * returns no row.
     * @param after defines CTEs that read the new row, the CTE `account`
     */
    withNewAccount<Contract extends SessionContract> (
      { accountId, part }: Insertion, contract: Contract, clientInfo: ClientInfo, after?: Fragment
    ): Promise<SignedIn<Contract> | null> {
      return start({ contract, clientInfo, accountId, account: part, after, events: ['account_created', 'signed_in'] })
    },

    /** How many sessions began since the process did. */
    begun: (): Sample[] => [...begun].map(([contract, value]) => ({ labels: { contract }, value }))
  }
}

/** An account that is deleted while its owner signs in leaves the new session without an account to refer to. */
function ifAccountGone (error: unknown): [] {
  if (violatedConstraint(error) === 'sessions_account_id_accounts_id_fk') return []
  throw error
}
