import type { Fragment, Pool } from '../../db/pool.js'
import { getTableColumns } from '../../db/query.js'
import { accounts } from '../../db/schema.js'

/** What billing last said of an account, shown as it was set. */
export interface Subscription {
  status: string
  plan: string
  expiresAt: Date | null
}

/** A person, as the contracts may show them. */
export interface Account {
  id: string
  /** The integer id of contract `spa`. */
  number: number
  email: string
  /** Whether the owner has proved that they read the address. */
  emailVerified: boolean
  username: string | null
  name: string | null
  subscription: Subscription | null
  /** Milliseconds since 1970, as the next three: in a cache of a hundred thousand accounts, dates would be a third. */
  createdAt: number
  updatedAt: number
  disabledAt: number | null
  /** When it is deleted for good, which its owner asked for. */
  deletesAt: number | null
}

const { passwordHash: _passwordHash, epoch: _epoch, externalId: _externalId, ...columns } = getTableColumns(accounts)

/** The columns of an account that `toAccount` reads, for typed statements. */
export const shownColumns = columns

export type AccountRow = Pick<typeof accounts.$inferSelect, keyof typeof columns>

const columnList = Object.values(columns).map(({ name }) => `account.${name}`).join(', ')

/** The same for SQL by hand, of the table under the name `account`. */
export function accountColumns (sql: Pool): Fragment {
  return sql.unsafe(columnList)
}

export function toAccount (row: AccountRow): Account {
  const { subscriptionStatus: status, subscriptionPlan: plan, subscriptionExpiresAt: expiresAt } = row
  return {
    id: row.id,
    number: row.number,
    email: row.email,
    emailVerified: row.emailVerifiedAt !== null,
    username: row.username,
    name: row.name,
    subscription: status === null || plan === null ? null : { status, plan, expiresAt },
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    disabledAt: row.disabledAt?.getTime() ?? null,
    deletesAt: row.deletesAt?.getTime() ?? null
  }
}

/** The name to greet with: the name, else the username, else the part of the email before the `@`. */
export function displayName (account: Pick<Account, 'name' | 'username' | 'email'>): string {
  return account.name ?? account.username ?? account.email.slice(0, account.email.indexOf('@'))
}
