import type { Sql, Fragment } from 'postgres'

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
  username: string | null
  name: string | null
  subscription: Subscription | null
  /** Milliseconds since 1970, as the next two: of a hundred thousand remembered accounts, dates are a third. */
  createdAt: number
  updatedAt: number
  disabledAt: number | null
}

/** The columns `toAccount` reads, of the table under the name `account`. */
export function accountColumns (sql: Sql): Fragment {
  return sql`
    account.id, account.number, account.email, account.username, account.name,
    account.subscription_status, account.subscription_plan, account.subscription_expires_at,
    account.created_at, account.updated_at, account.disabled_at`
}

export interface AccountRow {
  id: string
  number: string
  email: string
  username: string | null
  name: string | null
  subscription_status: string | null
  subscription_plan: string | null
  subscription_expires_at: Date | null
  created_at: Date
  updated_at: Date
  disabled_at: Date | null
}

export function toAccount (row: AccountRow): Account {
  return {
    id: row.id,
    number: Number(row.number),
    email: row.email,
    username: row.username,
    name: row.name,
    subscription: row.subscription_status === null || row.subscription_plan === null
      ? null
      : { status: row.subscription_status, plan: row.subscription_plan, expiresAt: row.subscription_expires_at },
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
    disabledAt: row.disabled_at?.getTime() ?? null
  }
}

/** The name to greet with: the name, else the username, else what stands before the `@` of the email. */
export function displayName (account: Pick<Account, 'name' | 'username' | 'email'>): string {
  return account.name ?? account.username ?? account.email.slice(0, account.email.indexOf('@'))
}
