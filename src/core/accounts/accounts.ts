import { randomUUID } from 'node:crypto'
import type { Fragment, Sql } from 'postgres'
import { violatedConstraint } from '../../db/errors.js'
import { accountColumns, toAccount, type Account, type AccountRow, type Subscription } from './account.js'
import { recordEvent, type AuditEvent } from '../audit/audit.js'
import { normalizeEmail } from './email.js'
import { AuthError, type AuthErrorCode } from '../errors.js'
import type { AccessGrant } from '../sessions/token-issuer.js'
import type { HashingQueue } from '../passwords/hashing-queue.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/password-hashing.js'
import type { Revocations } from '../revocations/revocations.js'
import type { AccessOnlyContract } from '../sessions/session-kinds.js'
import type { SessionStart } from '../sessions/session-start.js'

export interface AccountsNeeds {
  sql: Sql
  gate: HashingQueue
  passwords: Passwords
  sessionStart: SessionStart
  revocations: Revocations
}

export interface NewAccount {
  email: string
  password: string
  minPasswordLength: number
  username?: string | undefined
  name?: string | undefined
  plan?: string | undefined
}

export type Accounts = ReturnType<typeof createAccounts>

const takenBy: Record<string, AuthErrorCode> = {
  accounts_email_unique: 'email_taken',
  accounts_username_unique: 'username_taken'
}

/** Makes, finds, changes and ends accounts. Whatever ends access ends the sessions in the same statement. */
export function createAccounts ({ sql, gate, passwords, sessionStart, revocations }: AccountsNeeds) {
  const columns = accountColumns(sql)

  /** Changes one account by an update of `set`, puts the event on record and tells the caches. */
  async function update (
    email: string, set: ReturnType<typeof sql>, event: AuditEvent, clientInfo: ClientInfo
  ): Promise<Account> {
    const [row] = await sql<AccountRow[]>`
      WITH account AS (
        UPDATE accounts SET ${set}, updated_at = clock_timestamp()
        WHERE email = ${normalizeEmail(email)} RETURNING *
      ), ended AS (
        UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'disabled'
        FROM account
        WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL AND account.disabled_at IS NOT NULL
      ), changed AS (SELECT id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvent(sql, event, 'changed', clientInfo.address)})
      SELECT ${columns} FROM account`
    if (row === undefined) throw new AuthError('not_found', { message: 'no account has this email' })
    revocations.publish({ accountId: row.id })
    return toAccount(row)
  }

  /** Hashes the password, hands the insertion of the account to `use`, and names what is taken. */
  async function insert<Made> (account: NewAccount, use: (insertion: Fragment) => Promise<Made>): Promise<Made> {
    const passwordHash = await gate.admit(() => passwords.hash(account.password, account.minPasswordLength))
    const { email, username = null, name = null, plan = null } = account
    try {
      return await use(sql`
        INSERT INTO accounts (id, email, username, name, password_hash, subscription_status, subscription_plan)
        VALUES (${randomUUID()}, ${normalizeEmail(email)}, ${username}, ${name}, ${passwordHash},
          ${plan === null ? null : 'active'}, ${plan})
        RETURNING *`)
    } catch (error) {
      const code = takenBy[violatedConstraint(error) ?? '']
      throw code === undefined ? error : new AuthError(code, { cause: error })
    }
  }

  return {
    /** Makes an account. @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `overloaded` */
    register (account: NewAccount, clientInfo: ClientInfo): Promise<Account> {
      return insert(account, async insertion => {
        const [row] = await sql<[AccountRow]>`
          WITH account AS (${insertion}), made AS (SELECT id AS account_id, NULL::uuid AS session_id FROM account),
          record AS (${recordEvent(sql, 'account_created', 'made', clientInfo.address)})
          SELECT ${columns} FROM account`
        return toAccount(row)
      })
    },

    /** Makes an account and its first session, both or neither. @throws AuthError as `register` */
    signUp (account: NewAccount, contract: AccessOnlyContract, clientInfo: ClientInfo): Promise<AccessGrant> {
      return insert(account, insertion => sessionStart.withNewAccount(insertion, contract, clientInfo))
    },

    /** Returns `null` when no account has this email. */
    async findByEmail (email: string): Promise<Account | null> {
      const [row] = await sql<AccountRow[]>`
        SELECT ${columns} FROM accounts AS account WHERE email = ${normalizeEmail(email)}`
      return row === undefined ? null : toAccount(row)
    },

    /** A page of accounts in order of their number, after the one named. */
    async list (limit: number, afterNumber = 0): Promise<Account[]> {
      const rows = await sql<AccountRow[]>`
        SELECT ${columns} FROM accounts AS account WHERE number > ${afterNumber} ORDER BY number LIMIT ${limit}`
      return rows.map(toAccount)
    },

    /** Sets what billing says, or with `null` that there is no subscription. @throws AuthError `not_found` */
    setSubscription (email: string, subscription: Subscription | null, clientInfo: ClientInfo): Promise<Account> {
      const { status = null, plan = null, expiresAt = null } = subscription ?? {}
      return update(email, sql`
        subscription_status = ${status}, subscription_plan = ${plan}, subscription_expires_at = ${expiresAt}`,
      'subscription_changed', clientInfo)
    },

    /** Ends all sessions and lets nobody sign in. @throws AuthError `not_found` */
    disable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return update(email, sql`disabled_at = clock_timestamp(), epoch = epoch + 1`, 'account_disabled', clientInfo)
    },

    /** Lets the owner sign in again; no session comes back. @throws AuthError `not_found` */
    enable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return update(email, sql`disabled_at = NULL`, 'account_enabled', clientInfo)
    },

    /** Deletes the account with its sessions; the audit record stays. @throws AuthError `not_found` */
    async delete (email: string, clientInfo: ClientInfo): Promise<void> {
      const [row] = await sql<{ account_id: string }[]>`
        WITH gone AS (
          DELETE FROM accounts WHERE email = ${normalizeEmail(email)}
          RETURNING id AS account_id, NULL::uuid AS session_id
        ), record AS (${recordEvent(sql, 'account_deleted', 'gone', clientInfo.address)})
        SELECT account_id FROM gone`
      if (row === undefined) throw new AuthError('not_found', { message: 'no account has this email' })
      revocations.publish({ accountId: row.account_id })
    }
  }
}
