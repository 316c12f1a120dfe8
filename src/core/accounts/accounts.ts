import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import { violatedConstraint } from '../../db/errors.js'
import type { Fragment } from '../../db/pool.js'
import { and, eq, expression, gt, or } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { statementPart, type StatementPart } from '../../db/statement-part.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError, type AuthErrorCode } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import { accountColumns, shownColumns, toAccount, type Account, type AccountRow, type Subscription } from './account.js'
import { normalizeEmail } from './email.js'

export interface AccountsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  passwords: Pick<Passwords, 'admit' | 'hash'>
  revocations: Pick<Revocations, 'publish'>
}

export interface NewAccount {
  email: string
  password: string
  minPasswordLength: number
  /** For contracts whose own document registers with such a one. */
  allowsCommonPassword?: boolean
  username?: string | undefined
  name?: string | undefined
  plan?: string | undefined
}

export type Accounts = ReturnType<typeof createAccounts>

/** Of the hashes read at start-up. */
const maxHashesRead = 1_000

const codeOfConstraint: Record<string, AuthErrorCode> = {
  accounts_email_unique: 'email_taken',
  accounts_username_unique: 'username_taken'
}

/** Makes, finds, changes and deletes accounts. Whatever ends access ends the sessions in the same statement. */
export function createAccounts ({ db: { sql, query }, passwords, revocations }: AccountsNeeds) {
  const columns = accountColumns(sql)

  /** Runs CTE definitions that give the changed row as `account`, records the event and invalidates caches. */
  async function change (definitions: Fragment, event: AuditEvent, clientInfo: ClientInfo): Promise<AccountRow> {
    const [row] = await sql<AccountRow[]>`
      WITH ${definitions}, changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, [event], 'changed', clientInfo)})
      SELECT ${columns} FROM account`
    if (row === undefined) throw new AuthError('not_found', { message: 'no account has this email' })
    revocations.publish({ accountId: row.id })
    return row
  }

  const updated = (email: string, set: Fragment) => sql`
    account AS (
      UPDATE accounts SET ${set}, updated_at = clock_timestamp() WHERE email = ${normalizeEmail(email)} RETURNING *
    )`

  /**
   * Hashes the password and gives the insertion of the account, which returns its row, to `complete`.
   * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`
   */
  async function insert<Made> (
    account: NewAccount, { address }: ClientInfo, complete: (insertion: StatementPart) => Promise<Made>
  ): Promise<Made> {
    const { email, password, allowsCommonPassword = false, username = null, name = null, plan = null } = account
    const names = allowsCommonPassword ? undefined : { email, username, name }
    const passwordHash = await passwords.admit(address, () =>
      passwords.hash(password, account.minPasswordLength, names))
    try {
      return await complete(statementPart(sql`
        INSERT INTO accounts (id, email, username, name, password_hash, subscription_status, subscription_plan)
        VALUES (${randomUUID()}, ${normalizeEmail(email)}, ${username}, ${name}, ${passwordHash},
          ${plan === null ? null : 'active'}, ${plan})
        RETURNING *`))
    } catch (error) {
      const code = codeOfConstraint[violatedConstraint(error) ?? '']
      throw code === undefined ? error : new AuthError(code, { cause: error })
    }
  }

  return {
    insert,

    /** Makes an account. @throws AuthError as `insert` does */
    register (account: NewAccount, clientInfo: ClientInfo): Promise<Account> {
      return insert(account, clientInfo, async insertion => {
        const [row] = await sql<[AccountRow]>`
          WITH account AS (${insertion}),
          made AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
          record AS (${recordEvents(sql, ['account_created'], 'made', clientInfo)})
          SELECT ${columns} FROM account`
        return toAccount(row)
      })
    },

    /** Returns `null` when no account has this id. */
    async find (id: string): Promise<Account | null> {
      const [row] = await query.select(shownColumns).from(accounts).where(eq(accounts.id, id))
      return row === undefined ? null : toAccount(row)
    },

    /** Returns `null` when no account has this email. */
    async findByEmail (email: string): Promise<Account | null> {
      const [row] = await query.select(shownColumns).from(accounts).where(eq(accounts.email, normalizeEmail(email)))
      return row === undefined ? null : toAccount(row)
    },

    /** A page of accounts in order of their number, after the given one; with `search` only those that have it. */
    async list (limit: number, afterNumber = 0, search?: string): Promise<Account[]> {
      const { number, email, username, name } = accounts
      const has = (column: typeof email | typeof username | typeof name) =>
        expression`position(lower(${search}) in lower(${column})) > 0`
      const isFound = search === undefined ? undefined : or(has(email), has(username), has(name))
      const rows = await query.select(shownColumns).from(accounts)
        .where(and(gt(number, afterNumber), isFound)).orderBy(number).limit(limit)
      return rows.map(toAccount)
    },

    /** The password hashes of the first accounts: if the cost was ever changed, some are of the cost before. */
    async oldestHashes (): Promise<string[]> {
      const rows = await query.select({ hash: accounts.passwordHash }).from(accounts)
        .orderBy(accounts.number).limit(maxHashesRead)
      return rows.map(({ hash }) => hash)
    },

    /** Sets what billing says, or with `null` that there is no subscription. @throws AuthError `not_found` */
    async setSubscription (
      email: string, subscription: Subscription | null, clientInfo: ClientInfo
    ): Promise<Account> {
      const { status = null, plan = null, expiresAt = null } = subscription ?? {}
      return toAccount(await change(updated(email, sql`
        subscription_status = ${status}, subscription_plan = ${plan}, subscription_expires_at = ${expiresAt}`),
      'subscription_changed', clientInfo))
    },

    /** Ends all sessions and admits no further sign-in. @throws AuthError `not_found` */
    async disable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(endAccess(sql, {
        where: sql`account.email = ${normalizeEmail(email)}`,
        set: sql`, disabled_at = clock_timestamp(), updated_at = clock_timestamp()`,
        reason: 'disabled',
        by: clientInfo
      }), 'account_disabled', clientInfo))
    },

    /** Admits sign-ins again; ended sessions stay ended. @throws AuthError `not_found` */
    async enable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(updated(email, sql`disabled_at = NULL`), 'account_enabled', clientInfo))
    },

    /** Deletes the account with its sessions; the audit record stays. @throws AuthError `not_found` */
    async delete (email: string, clientInfo: ClientInfo): Promise<void> {
      await change(sql`
        account AS (DELETE FROM accounts WHERE email = ${normalizeEmail(email)} RETURNING *)`,
      'account_deleted', clientInfo)
    }
  }
}
