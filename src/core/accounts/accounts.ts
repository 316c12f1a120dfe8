import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import { and, eq, expression, gt, or } from '../../db/query.js'
import { hashParameters, isForeignHash } from '../../db/foreign-hashes.js'
import { accounts } from '../../db/schema.js'
import { statementPart, type StatementPart } from '../../db/statement-part.js'
import { recordEvents } from '../audit/audit.js'
import { unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { randomSecret } from '../lib/secrets.js'
import type { Passwords } from '../passwords/index.js'
import type { Revocations } from '../revocations/index.js'
import {
  accountColumns, shownColumns, toAccount, type Account, type AccountRow, type Subscription
} from './account.js'
import { normalizeEmail } from './email.js'
import { createAccountChanges } from './account-changes.js'
import { createAccountSearch } from './account-search.js'
import { createManagedChange, type EmailNotice } from './managed-change.js'
import { createAccountExport } from './export.js'
import { createIdentifiers, isYoung } from './identifiers.js'
import { createEmails } from './emails.js'
import { createProfile } from './profile.js'

export interface AccountsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  passwords: Pick<Passwords, 'admit' | 'hash'>
  revocations: Pick<Revocations, 'publish'>
  emailNotice: EmailNotice
}

export interface NewAccount {
  email: string
  /** Whether it is known that the owner reads the address. */
  emailVerified?: boolean | undefined
  /** `null` for none that anyone knows: the owner sets one by a mail. */
  password: string | null
  minPasswordLength: number
  /** For contracts whose own document registers with such a one. */
  allowsCommonPassword?: boolean
  username?: string | undefined
  name?: string | undefined
  subscription?: Subscription | null | undefined
}

export type Accounts = ReturnType<typeof createAccounts>

/** Of the hashes read at start-up. */
const maxHashesRead = 1_000

/** An account that is about to be made. */
export interface Insertion {
  accountId: string
  /** Inserts it and returns its row. */
  part: StatementPart
}

/** Makes, finds, changes and deletes accounts. */
export function createAccounts ({ db, passwords, revocations, emailNotice }: AccountsNeeds) {
  const { sql, query } = db
  const columns = accountColumns(sql)
  const identifiers = createIdentifiers({ query })

  /**
   * Hashes the password, claims the identifiers and gives the insertion of the account to `complete`, which returns
   * what was made.
   * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`;
   * `unavailable` when the claims have become old in the meantime
   */
  async function insert<Made> (
    account: NewAccount, { address }: ClientInfo, complete: (insertion: Insertion) => Promise<Made | null>
  ): Promise<Made> {
    const { email, emailVerified = false, allowsCommonPassword = false, username = null, name = null } = account
    const { status = null, plan = null, expiresAt = null } = account.subscription ?? {}
    const names = allowsCommonPassword ? undefined : { email, username, name }
    const passwordHash = await passwords.admit(address, () =>
      passwords.hash(account.password ?? randomSecret(), account.minPasswordLength, names))
    const accountId = randomUUID()
    const claims = await identifiers.claim(accountId, { email, username })
    const part = statementPart(sql`
      INSERT INTO accounts AS account
        (id, email, email_verified_at, username, name, password_hash, subscription_status, subscription_plan,
          subscription_expires_at)
      SELECT ${accountId}, ${normalizeEmail(email)}, ${emailVerified ? sql`now()` : sql`NULL`}, ${username}, ${name},
        ${passwordHash}, ${status}, ${plan}, ${expiresAt}
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

    /**
     * Makes an account.
     * @param after defines CTEs that read the new row, the CTE `account`
     * @throws AuthError as `insert` does
     */
    register (
      account: NewAccount, clientInfo: ClientInfo, after?: (insertion: Insertion) => Fragment
    ): Promise<Account> {
      return insert(account, clientInfo, async insertion => {
        const [row] = await sql<AccountRow[]>`
          WITH account AS (${insertion.part}), ${after === undefined ? sql`` : sql`${after(insertion)},`}
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

    /** The parameters of the password hashes that accounts have brought along, each once. */
    async foreignHashParameters (): Promise<string[]> {
      const found: string[] = []
      const parameters = expression<string>`${expression.raw(hashParameters)}`
      for (;;) {
        const [next] = await query.select({ parameters }).from(accounts)
          .where(and(expression.raw(isForeignHash), gt(parameters, found.at(-1) ?? ''))).orderBy(parameters).limit(1)
        if (next === undefined) return found
        found.push(next.parameters)
      }
    },

    /** Every account, with its password hash, in order of their ids. */
    all: createAccountExport({ query }),

    /** Emails of accounts that are there. */
    emails: createEmails({ identifiers }),

    search: createAccountSearch({ query, identifiers }),
    change: createManagedChange({ db, identifiers, revocations, emailNotice }),
    changeProfile: createProfile({ db, identifiers, revocations }),
    ...createAccountChanges({ sql, identifiers, revocations })
  }
}
