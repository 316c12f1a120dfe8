import type { Database } from '../../db/database.js'
import { eq } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { recordEvents } from '../audit/audit.js'
import { invalidToken, unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Revocations } from '../revocations/index.js'
import { accountColumns, shownColumns, toAccount, type Account, type AccountRow } from './account.js'
import { isYoung, type Claims, type Identifiers } from './identifiers.js'

export interface ProfileNeeds {
  db: Pick<Database, 'sql' | 'query'>
  identifiers: Pick<Identifiers, 'claimAnother' | 'isInUse' | 'release'>
  revocations: Pick<Revocations, 'publish'>
}

/** What is to change; `null` removes it, and what is left out stays. */
export interface ProfileChange {
  name?: string | null
  username?: string | null
}

/** How often a change is tried that another one of the same account was quicker than. */
const tries = 2

/** Changes what an account is called. */
export function createProfile ({ db: { sql, query }, identifiers, revocations }: ProfileNeeds) {
  const columns = accountColumns(sql)

  async function claimNew (accountId: string, { username }: ProfileChange): Promise<Claims | null> {
    if (username === undefined || username === null) return null
    if (await identifiers.isInUse('username', username, accountId)) return null
    return identifiers.claimAnother(accountId, 'username', username)
  }

  /** One conditional update with its record; no row when the username was changed meanwhile. */
  async function update (
    { id, username: before }: Account, { name, username }: ProfileChange, claims: Claims | null, clientInfo: ClientInfo
  ): Promise<AccountRow | undefined> {
    const [row] = await sql<AccountRow[]>`
      WITH account AS (
        UPDATE accounts AS account SET updated_at = now()
          ${name === undefined ? sql`` : sql`, name = ${name}`}
          ${username === undefined ? sql`` : sql`, username = ${username}`}
        WHERE account.id = ${id} AND account.username IS NOT DISTINCT FROM ${before}
          AND ${claims === null ? sql`true` : isYoung(sql, claims)}
        RETURNING account.*
      ), changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['profile_changed'], 'changed', clientInfo)})
      SELECT ${columns} FROM account`
    return row
  }

  /** Returns `null` when the account was changed at the same moment. */
  async function attempt (accountId: string, change: ProfileChange, clientInfo: ClientInfo): Promise<Account | null> {
    const [found] = await query.select(shownColumns).from(accounts).where(eq(accounts.id, accountId))
    if (found === undefined) throw invalidToken('unknown')
    const before = toAccount(found)
    const claims = await claimNew(accountId, change)
    const row = await update(before, change, claims, clientInfo)
    if (row === undefined) {
      if (claims !== null) await identifiers.release(claims)
      return null
    }
    const isAnother = before.username !== null && (claims !== null || row.username === null)
    if (isAnother) await identifiers.release({ accountId, names: { username: before.username } })
    return toAccount(row)
  }

  /**
   * Changes the name, the username, or both.
   * @throws AuthError `username_taken`; `invalid_token` when the account was deleted a moment ago; `unavailable` when
   * other changes of the same account were quicker
   */
  return async function changeProfile (
    accountId: string, change: ProfileChange, clientInfo: ClientInfo
  ): Promise<Account> {
    for (let tried = 0; tried < tries; tried += 1) {
      const account = await attempt(accountId, change, clientInfo)
      if (account === null) continue
      revocations.publish({ accountId })
      return account
    }
    throw unavailable(new Error('the profile was changed at the same moment'))
  }
}
