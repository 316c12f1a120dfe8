import { randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'
import { violatedConstraint } from '../db/violated-constraint.js'
import { accountColumns, toAccount, type Account, type AccountRow, type Subscription } from './account.js'
import { recordEvent, type AuditEvent } from './audit.js'
import { normalizeEmail } from './email.js'
import { AuthError, type AuthErrorCode } from './errors.js'
import type { HashingGate } from './hashing-gate.js'
import type { Origin } from './origin.js'
import type { Passwords } from './passwords.js'
import type { Revocations } from './revocations.js'

export interface AccountsNeeds {
  sql: Sql
  gate: HashingGate
  passwords: Passwords
  revocations: Revocations
}

export interface NewAccount {
  email: string
  password: string
  shortestPassword: number
  username?: string | undefined
  name?: string | undefined
  plan?: string | undefined
}

export interface PasswordChange {
  accountId: string
  current: string
  replacement: string
  shortestPassword: number
  /** The session that lives on, if any. */
  keepSessionId: string | null
}

export type Accounts = ReturnType<typeof createAccounts>

const takenBy: Record<string, AuthErrorCode> = {
  accounts_email_unique: 'email_taken',
  accounts_username_unique: 'username_taken'
}

/** Makes, finds, changes and ends accounts. Whatever ends access ends the sessions in the same statement. */
export function createAccounts ({ sql, gate, passwords, revocations }: AccountsNeeds) {
  const columns = accountColumns(sql)

  /** Changes one account by an update of `set`, puts the event on record and tells the caches. */
  async function update (
    email: string, set: ReturnType<typeof sql>, event: AuditEvent, origin: Origin
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
      record AS (${recordEvent(sql, event, 'changed', origin.address)})
      SELECT ${columns} FROM account`
    if (row === undefined) throw new AuthError('not_found', { message: 'no account has this email' })
    revocations.publish({ accountId: row.id })
    return toAccount(row)
  }

  return {
    /** @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `overloaded` */
    async register (account: NewAccount, origin: Origin): Promise<Account> {
      const passwordHash = await gate.enter(() => passwords.hash(account.password, account.shortestPassword))
      try {
        const [row] = await sql<[AccountRow]>`
          WITH account AS (
            INSERT INTO accounts (id, email, username, name, password_hash, subscription_status, subscription_plan)
            VALUES (${randomUUID()}, ${normalizeEmail(account.email)}, ${account.username ?? null},
              ${account.name ?? null}, ${passwordHash}, ${account.plan === undefined ? null : 'active'},
              ${account.plan ?? null})
            RETURNING *
          ), made AS (SELECT id AS account_id, NULL::uuid AS session_id FROM account),
          record AS (${recordEvent(sql, 'account_created', 'made', origin.address)})
          SELECT ${columns} FROM account`
        return toAccount(row)
      } catch (error) {
        const code = takenBy[violatedConstraint(error) ?? '']
        throw code === undefined ? error : new AuthError(code, { cause: error })
      }
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
    setSubscription (email: string, subscription: Subscription | null, origin: Origin): Promise<Account> {
      const { status = null, plan = null, expiresAt = null } = subscription ?? {}
      return update(email, sql`
        subscription_status = ${status}, subscription_plan = ${plan}, subscription_expires_at = ${expiresAt}`,
      'subscription_changed', origin)
    },

    /** Ends all sessions and lets nobody sign in. @throws AuthError `not_found` */
    disable (email: string, origin: Origin): Promise<Account> {
      return update(email, sql`disabled_at = clock_timestamp(), epoch = epoch + 1`, 'account_disabled', origin)
    },

    /** Lets the owner sign in again; no session comes back. @throws AuthError `not_found` */
    enable (email: string, origin: Origin): Promise<Account> {
      return update(email, sql`disabled_at = NULL`, 'account_enabled', origin)
    },

    /** Deletes the account with its sessions; the audit record stays. @throws AuthError `not_found` */
    async delete (email: string, origin: Origin): Promise<void> {
      const [row] = await sql<{ account_id: string }[]>`
        WITH gone AS (
          DELETE FROM accounts WHERE email = ${normalizeEmail(email)}
          RETURNING id AS account_id, NULL::uuid AS session_id
        ), record AS (${recordEvent(sql, 'account_deleted', 'gone', origin.address)})
        SELECT account_id FROM gone`
      if (row === undefined) throw new AuthError('not_found', { message: 'no account has this email' })
      revocations.publish({ accountId: row.account_id })
    },

    /**
     * Changes the password and ends all sessions but the one to keep, in one statement, if the current password
     * is right and has not been changed meanwhile.
     * @throws AuthError `invalid_credentials`, `password_unacceptable`, `overloaded`
     */
    async changePassword (change: PasswordChange, origin: Origin): Promise<void> {
      await gate.enter(async () => {
        const [known] = await sql<{ hash: string }[]>`
          SELECT password_hash AS hash FROM accounts WHERE id = ${change.accountId} AND disabled_at IS NULL`
        const verified = await passwords.verify(known?.hash ?? null, change.current)
        if (known === undefined || !verified) throw new AuthError('invalid_credentials')
        const hash = await passwords.hash(change.replacement, change.shortestPassword)
        const changed = await replaceHash(change, known.hash, hash, origin)
        if (!changed) throw new AuthError('invalid_credentials', { message: 'the password was changed meanwhile' })
      })
      revocations.publish({ accountId: change.accountId })
    }
  }

  async function replaceHash (
    change: PasswordChange, verifiedHash: string, hash: string, origin: Origin
  ): Promise<boolean> {
    const changed = await sql`
      WITH account AS (
        UPDATE accounts SET password_hash = ${hash}, epoch = epoch + 1, updated_at = clock_timestamp()
        WHERE id = ${change.accountId} AND password_hash = ${verifiedHash} AND disabled_at IS NULL
        RETURNING id, epoch
      ), others AS (
        UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'password_changed'
        FROM account
        WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          AND sessions.id IS DISTINCT FROM ${change.keepSessionId}
      ), kept AS (
        UPDATE sessions SET epoch = account.epoch
        FROM account
        WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          AND sessions.id = ${change.keepSessionId} AND sessions.epoch = account.epoch - 1
      ), changed AS (SELECT id AS account_id, ${change.keepSessionId}::uuid AS session_id FROM account),
      record AS (${recordEvent(sql, 'password_changed', 'changed', origin.address)})
      SELECT account_id FROM changed`
    return changed.length > 0
  }
}
