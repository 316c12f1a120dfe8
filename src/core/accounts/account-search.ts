import type { Database } from '../../db/database.js'
import { newestFirst, nextPlace } from '../../db/newest-first.js'
import { and, eq, expression, gte, isNotNull, isNull, lt } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { noAccount } from '../audit/audit.js'
import { shownColumns, toAccount, type Account } from './account.js'
import { normalizeEmail } from './email.js'
import type { Identifiers } from './identifiers.js'

export interface AccountSearchNeeds {
  query: Database['query']
  identifiers: Pick<Identifiers, 'holderOf'>
}

export const accountStatuses = ['active', 'disabled', 'deleting'] as const

export type AccountStatus = typeof accountStatuses[number]

/** Which accounts are sought: those for which all that is given is so. */
export interface AccountQuery {
  id?: string | undefined
  email?: string | undefined
  username?: string | undefined
  /** How their email begins. */
  prefix?: string | undefined
  status?: AccountStatus | undefined
  /** The earliest time of their creation, and the time before which it was. */
  createdFrom?: Date | undefined
  createdTo?: Date | undefined
  limit: number
  /** Where the page begins: `next` of the page before. */
  after?: string | null | undefined
}

/** Accounts, and the place after which the next page begins; `null` at the end. */
export interface AccountPage {
  accounts: Account[]
  next: string | null
}

/** After every character that an email can have. */
const lastCharacter = '\u{10ffff}'

/** `disabled` is said first of an account that is both. */
export const statusOf = ({ disabledAt, deletesAt }: Pick<Account, 'disabledAt' | 'deletesAt'>): AccountStatus =>
  disabledAt !== null ? 'disabled' : deletesAt !== null ? 'deleting' : 'active'

const hasStatus: Record<AccountStatus, ReturnType<typeof and>> = {
  active: and(isNull(accounts.disabledAt), isNull(accounts.deletesAt)),
  disabled: isNotNull(accounts.disabledAt),
  deleting: and(isNotNull(accounts.deletesAt), isNull(accounts.disabledAt))
}

/** Finds accounts for an operator, the newest first; each condition has an index. */
export function createAccountSearch ({ query, identifiers }: AccountSearchNeeds) {
  const list = newestFirst(accounts.createdAt, accounts.id)

  /** The row's own email decides: a claim may be of an account that does not have it, or no longer. */
  const hasEmail = async (email: string) => and(
    eq(accounts.id, await identifiers.holderOf(email) ?? noAccount), eq(accounts.email, normalizeEmail(email)))

  const begins = (prefix: string) => expression`${accounts.email} ~>=~ ${normalizeEmail(prefix)}
    AND ${accounts.email} ~<~ ${normalizeEmail(prefix) + lastCharacter}`

  return async function search (wanted: AccountQuery): Promise<AccountPage> {
    const { id, email, username, prefix, status, createdFrom, createdTo, limit, after = null } = wanted
    const rows = await query.select({ ...shownColumns, place: list.place }).from(accounts)
      .where(and(
        id === undefined ? undefined : eq(accounts.id, id),
        email === undefined ? undefined : await hasEmail(email),
        username === undefined ? undefined : expression`lower(${accounts.username}) = lower(${username})`,
        prefix === undefined ? undefined : begins(prefix),
        status && hasStatus[status],
        createdFrom && gte(accounts.createdAt, createdFrom),
        createdTo && lt(accounts.createdAt, createdTo),
        list.isAfter(after)))
      .orderBy(...list.order).limit(limit)
    return { accounts: rows.map(toAccount), next: nextPlace(rows, limit) }
  }
}
