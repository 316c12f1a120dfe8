import type { AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import { ignore } from '../../db/errors.js'
import { eq } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { recordEvents, type RecordedChange } from '../audit/audit.js'
import { AuthError, unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { endChallenges } from '../revocations/end-challenges.js'
import type { Revocations } from '../revocations/index.js'
import { accountColumns, shownColumns, toAccount, type Account, type AccountRow, type Subscription } from './account.js'
import { normalizeEmail } from './email.js'
import { createEmails } from './emails.js'
import { isYoung, type Claims, type Identifiers } from './identifiers.js'

export interface ManagedChangeNeeds {
  db: Pick<Database, 'sql' | 'query'>
  identifiers: Identifiers
  revocations: Pick<Revocations, 'publish'>
  emailNotice: EmailNotice
}

/**
 * Tells the owner at the address that they had, if they had confirmed it.
 * @param source the CTE of the change, with its row's `account_id`
 * @returns the body of a CTE
 */
export type EmailNotice = (before: Account, newEmail: string, source: string) => Fragment

/** What an operator changes of an account; what is left out stays, and `null` removes it. */
export interface ManagedChange {
  email?: string | undefined
  emailVerified?: boolean | undefined
  name?: string | null | undefined
  username?: string | null | undefined
  subscription?: Subscription | null | undefined
}

/** The members that can be changed, as they are in an account. */
type Managed = Pick<Account, 'email' | 'emailVerified' | 'name' | 'username' | 'subscription'>

type Change = Required<RecordedChange>

const members = ['email', 'emailVerified', 'name', 'username', 'subscription'] as const

/** What is recorded when a member is changed; that an address is proved no longer is a change of the profile. */
const eventOf: Record<keyof Managed, AuditEvent | ((after: Managed) => AuditEvent)> = {
  email: 'email_changed',
  emailVerified: ({ emailVerified }) => emailVerified ? 'email_verified' : 'profile_changed',
  name: 'profile_changed',
  username: 'profile_changed',
  subscription: 'subscription_changed'
}

const eventsOf = ({ after: changed }: Change, after: Managed): AuditEvent[] => [...new Set(members
  .filter(member => Object.hasOwn(changed, member))
  .map(member => eventOf[member])
  .map(event => typeof event === 'string' ? event : event(after)))]

/** How often a change is tried that another one of the same account was quicker than. */
const tries = 2

/** The version of an account, which every change of it advances. */
export const versionOf = ({ updatedAt }: Pick<Account, 'updatedAt'>): string => String(updatedAt)

/** Changes an account for an operator: all that is given, or nothing. */
export function createManagedChange ({ db, identifiers, revocations, emailNotice }: ManagedChangeNeeds) {
  const { sql, query } = db
  const emails = createEmails({ identifiers })

  /** An address that was changed is not proved, unless the operator says so. */
  function changed (before: Account, { email, emailVerified, name, username, subscription }: ManagedChange): Managed {
    const newEmail = email === undefined ? before.email : normalizeEmail(email)
    return {
      email: newEmail,
      emailVerified: emailVerified ?? (newEmail === before.email && before.emailVerified),
      name: name === undefined ? before.name : name,
      username: username === undefined ? before.username : username,
      subscription: subscription === undefined ? before.subscription : subscription
    }
  }

  async function claimEmail ({ id, email }: Account, next: Managed): Promise<Claims[]> {
    return next.email === email ? [] : [await emails.claim(id, next.email)]
  }

  async function claimUsername ({ id, username }: Account, next: Managed): Promise<Claims[]> {
    if (next.username === null || next.username === username) return []
    if (await identifiers.isInUse('username', next.username, id)) return []
    return [await identifiers.claimAnother(id, 'username', next.username)]
  }

  /** One conditional update with its records; no row when the account was changed meanwhile. */
  async function update (
    before: Account, next: Managed, claims: Claims[], change: Change, by: ClientInfo
  ): Promise<AccountRow | undefined> {
    const { id: accountId, updatedAt } = before
    const { status = null, plan = null, expiresAt = null } = next.subscription ?? {}
    const isOtherEmail = next.email !== before.email
    const isSameProof = !isOtherEmail && next.emailVerified === before.emailVerified
    const areYoung = claims.map(each => sql`AND ${isYoung(sql, each)}`)
    const [row] = await sql<AccountRow[]>`
      WITH account AS (
        UPDATE accounts AS account SET email = ${next.email}, name = ${next.name}, username = ${next.username},
          ${isSameProof ? sql`` : sql`email_verified_at = ${next.emailVerified ? sql`now()` : sql`NULL`},`}
          subscription_status = ${status}, subscription_plan = ${plan}, subscription_expires_at = ${expiresAt},
          updated_at = now()
        WHERE account.id = ${accountId}
          AND account.updated_at >= ${new Date(updatedAt)} AND account.updated_at < ${new Date(updatedAt + 1)}
          ${areYoung[0] ?? sql``} ${areYoung[1] ?? sql``}
        RETURNING account.*
      ), named AS (
        UPDATE sessions AS session SET email = account.email FROM account
        WHERE session.account_id = ${accountId} AND session.email <> account.email AND session.ended_at IS NULL
      ), ${isOtherEmail ? sql`${endChallenges(sql, accountId)},` : sql``}
      changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      ${isOtherEmail ? sql`notice AS (${emailNotice(before, next.email, 'changed')}),` : sql``}
      record AS (${recordEvents(sql, eventsOf(change, next), 'changed', by, change)})
      SELECT ${accountColumns(sql)} FROM account`
    return row
  }

  /** Frees what the account had and does not have any more. */
  async function free ({ id: accountId, email, username }: Account): Promise<void> {
    await emails.releaseFormer(accountId, email)
    if (username === null || await identifiers.isInUse('username', username, accountId)) return
    await identifiers.release({ accountId, names: { username } })
  }

  /** Returns `null` when the account was changed at the same moment. */
  async function attempt (
    id: string, wanted: ManagedChange, version: string | null, by: ClientInfo
  ): Promise<Account | null> {
    const [found] = await query.select(shownColumns).from(accounts).where(eq(accounts.id, id))
    if (found === undefined) throw new AuthError('not_found', { message: 'no account has this id' })
    const before = toAccount(found)
    if (version !== null && versionOf(before) !== version) throw new AuthError('changed_meanwhile')
    const next = changed(before, wanted)
    const change = differenceOf(before, next)
    if (change === null) return before
    const ofEmail = await claimEmail(before, next)
    const ofUsername = await claimUsername(before, next)
    const row = await update(before, next, [...ofEmail, ...ofUsername], change, by)
    // The claim of an email may be that of a request that was quicker; if it is of no account, it lapses by itself.
    const done = row === undefined ? Promise.all(ofUsername.map(identifiers.release)) : free(before)
    await done.catch(ignore)
    return row === undefined ? null : toAccount(row)
  }

  /**
   * @param version of the account as the operator saw it (`versionOf`); `null` to change it whatever it is now
   * @throws AuthError `not_found`, `email_taken`, `username_taken`; `changed_meanwhile` when it has another version;
   * `unavailable` when other changes of the same account were quicker
   */
  return async function change (
    id: string, wanted: ManagedChange, version: string | null, by: ClientInfo
  ): Promise<Account> {
    for (let tried = 0; tried < tries; tried += 1) {
      const account = await attempt(id, wanted, version, by)
      if (account === null) continue
      revocations.publish({ accountId: id })
      return account
    }
    throw unavailable(new Error('the account was changed at the same moment'))
  }
}

/** The members that differ, before and after; `null` if none does. */
function differenceOf (before: Managed, after: Managed): Change | null {
  const differing = members.filter(member => JSON.stringify(before[member]) !== JSON.stringify(after[member]))
  const only = (of: Managed) => Object.fromEntries(differing.map(member => [member, of[member]]))
  return differing.length === 0 ? null : { before: only(before), after: only(after) }
}
