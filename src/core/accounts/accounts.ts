import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import { ignore } from '../../db/errors.js'
import type { Fragment } from '../../db/pool.js'
import { and, eq, expression, gt, or } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { statementPart, type StatementPart } from '../../db/statement-part.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError, unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import { accountColumns, shownColumns, toAccount, type Account, type AccountRow, type Subscription } from './account.js'
import { normalizeEmail } from './email.js'
import { createIdentifiers, isYoung } from './identifiers.js'
import { createProfile } from './profile.js'

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

const noAccountHas = () => new AuthError('not_found', { message: 'no account has this email' })

/** An account that is about to be made. */
export interface Insertion {
  accountId: string
  /** Inserts it and returns its row. */
  part: StatementPart
}

/** Makes, finds, changes and deletes accounts. Whatever ends access ends the sessions in the same statement. */
export function createAccounts ({ db, passwords, revocations }: AccountsNeeds) {
  const { sql, query } = db
  const columns = accountColumns(sql)
  const identifiers = createIdentifiers({ query })

  /**
   * Runs CTE definitions that give the changed row as `account`, records the event and invalidates caches.
   * @param define returns them, for the account with this id; `isIt` is the condition that it has the email
   */
  async function change (
    email: string, define: (accountId: string, isIt: Fragment) => Fragment, event: AuditEvent, clientInfo: ClientInfo
  ): Promise<AccountRow> {
    const accountId = await identifiers.holderOf(email)
    if (accountId === null) throw noAccountHas()
    const [row] = await sql<AccountRow[]>`
      WITH ${define(accountId, sql`account.email = ${normalizeEmail(email)}`)},
      changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, [event], 'changed', clientInfo)})
      SELECT ${columns} FROM account`
    if (row === undefined) throw noAccountHas()
    revocations.publish({ accountId: row.id })
    return row
  }

  const updated = (set: Fragment) => (accountId: string, isIt: Fragment) => sql`
    account AS (
      UPDATE accounts AS account SET ${set}, updated_at = now()
      WHERE account.id = ${accountId} AND ${isIt} RETURNING account.*
    )`

  /**
   * Hashes the password, claims the identifiers and gives the insertion of the account to `complete`, which returns
   * what was made.
   * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`;
   * `unavailable` when the claims have become old in the meantime
   */
  async function insert<Made> (
    account: NewAccount, { address }: ClientInfo, complete: (insertion: Insertion) => Promise<Made | null>
  ): Promise<Made> {
    const { email, password, allowsCommonPassword = false, username = null, name = null, plan = null } = account
    const names = allowsCommonPassword ? undefined : { email, username, name }
    const passwordHash = await passwords.admit(address, () =>
      passwords.hash(password, account.minPasswordLength, names))
    const accountId = randomUUID()
    const claims = await identifiers.claim(accountId, { email, username })
    const part = statementPart(sql`
      INSERT INTO accounts AS account
        (id, email, username, name, password_hash, subscription_status, subscription_plan)
      SELECT ${accountId}, ${normalizeEmail(email)}, ${username}, ${name}, ${passwordHash},
        ${plan === null ? null : 'active'}, ${plan}
      WHERE ${isYoung(sql, claims)}
      RETURNING account.*`)
    const made = await complete({ accountId, part })
    if (made === null) throw unavailable(new Error('the account was not made while its claims were young'))
    return made
  }

  return {
    insert,

    /** The id of the account that has claimed an email, or `null`; whether the account has it, its row says. */
    holderOf: identifiers.holderOf,

    /** Makes an account. @throws AuthError as `insert` does */
    register (account: NewAccount, clientInfo: ClientInfo): Promise<Account> {
      return insert(account, clientInfo, async ({ part }) => {
        const [row] = await sql<AccountRow[]>`
          WITH account AS (${part}),
          made AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
          record AS (${recordEvents(sql, ['account_created'], 'made', clientInfo)})
          SELECT ${columns} FROM account`
        return row === undefined ? null : toAccount(row)
      })
    },

    /** Returns `null` when no account has this id. */
    async find (id: string): Promise<Account | null> {
      const [row] = await query.select(shownColumns).from(accounts).where(eq(accounts.id, id))
      return row === undefined ? null : toAccount(row)
    },

    /** Returns `null` when no account has this email. */
    async findByEmail (email: string): Promise<Account | null> {
      const holder = await identifiers.holderOf(email)
      if (holder === null) return null
      const [row] = await query.select(shownColumns).from(accounts)
        .where(and(eq(accounts.id, holder), eq(accounts.email, normalizeEmail(email))))
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

    changeProfile: createProfile({ db, identifiers, revocations }),

    /** Sets what billing says, or with `null` that there is no subscription. @throws AuthError `not_found` */
    async setSubscription (
      email: string, subscription: Subscription | null, clientInfo: ClientInfo
    ): Promise<Account> {
      const { status = null, plan = null, expiresAt = null } = subscription ?? {}
      return toAccount(await change(email, updated(sql`
        subscription_status = ${status}, subscription_plan = ${plan}, subscription_expires_at = ${expiresAt}`),
      'subscription_changed', clientInfo))
    },

    /** Ends all sessions and admits no further sign-in. @throws AuthError `not_found` */
    async disable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(email, (accountId, where) => endAccess(sql, {
        accountId,
        where,
        set: sql`, disabled_at = now(), updated_at = now()`,
        reason: 'disabled',
        by: clientInfo
      }), 'account_disabled', clientInfo))
    },

    /** Admits sign-ins again; ended sessions stay ended. @throws AuthError `not_found` */
    async enable (email: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(email, updated(sql`disabled_at = NULL`), 'account_enabled', clientInfo))
    },

    /** Deletes the account with its sessions; the audit record stays. @throws AuthError `not_found` */
    async delete (email: string, clientInfo: ClientInfo): Promise<void> {
      const { id: accountId, email: address, username } = await change(email, (id, isIt) => sql`
        account AS (
          DELETE FROM accounts AS account WHERE account.id = ${id} AND ${isIt} RETURNING account.*
        )`, 'account_deleted', clientInfo)
      // The account is gone in any case; what is not released now is taken over by who claims it.
      await identifiers.release({ accountId, names: { email: address, username } }).catch(ignore)
    }
  }
}
