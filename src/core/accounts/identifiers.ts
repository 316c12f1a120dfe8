import type { Database } from '../../db/database.js'
import type { Fragment, Pool } from '../../db/pool.js'
import { challenges } from '../../db/mail-schema.js'
import { and, eq, expression, gt, isNull, lt } from '../../db/query.js'
import { accountIdentifiers, accounts } from '../../db/schema.js'
import type { IdentifierKind } from '../../db/stored-values.js'
import { AuthError, unavailable, type AuthErrorCode } from '../errors.js'
import { normalizeEmail } from './email.js'

/*
 * An identifier belongs to the account that has claimed it. Before an account is made its identifiers are claimed, each
 * in a statement of its own: a distributed Postgres keeps them apart from the account. A claim is dead when its account
 * does not have the identifier, because the process died in between, or the account was deleted. After a minute another
 * account can take it over. So an account may be made only while its claims are young (ADR 0018).
 */

/** The identifiers that an account is to have. */
export type ClaimedNames = Partial<Record<IdentifierKind, string | null>>

/** Claims of one account. */
export interface Claims {
  accountId: string
  names: ClaimedNames
  /** When the first one was made, by the database's clock. */
  claimedAt: Date
}

/** Seconds after a claim in which its account may be made; with the longest statement well below the next. */
const claimLifetimeSeconds = 30

/** When the identifier of an account that is not there is free. */
const deadAfter = expression`now() - interval '60 s'`

const takenCodes: Record<IdentifierKind, AuthErrorCode> = { email: 'email_taken', username: 'username_taken' }

/** The form in which an identifier is stored and compared; of a username the database's own lower case. */
const storedForm: Record<IdentifierKind, (name: string) => string | ReturnType<typeof expression>> = {
  email: normalizeEmail,
  username: name => expression`lower(${name})`
}

/** The same of an account that has it. */
const ownForm: Record<IdentifierKind, ReturnType<typeof expression>> = {
  email: expression`${accounts.email}`,
  username: expression`lower(${accounts.username})`
}

export type Identifiers = ReturnType<typeof createIdentifiers>

/** Keeps emails and usernames unique, and finds accounts by them. */
export function createIdentifiers ({ query }: Pick<Database, 'query'>) {
  const { kind: kindColumn, value: valueColumn, accountId: accountColumn, claimedAt: claimedAtColumn } =
    accountIdentifiers
  const isNamed = (kind: IdentifierKind, name: string) =>
    and(eq(kindColumn, kind), eq(valueColumn, storedForm[kind](name)))

  /** Whether the account exists and has the identifier. */
  async function isInUse (kind: IdentifierKind, name: string, accountId: string): Promise<boolean> {
    const [account] = await query.select({ id: accounts.id }).from(accounts)
      .where(and(eq(accounts.id, accountId), eq(ownForm[kind], storedForm[kind](name))))
    return account !== undefined
  }

  /** The emails that the account had and can bring back, by the links that were mailed to them. */
  async function heldEmails (accountId: string): Promise<string[]> {
    const rows = await query.select({ email: challenges.email }).from(challenges).where(and(
      eq(challenges.accountId, accountId), eq(challenges.purpose, 'undo_email_change'),
      isNull(challenges.usedAt), gt(challenges.expiresAt, expression`now()`)))
    return rows.map(({ email }) => email)
  }

  /** Takes over a dead claim; of any number that try, one gets a time. */
  async function takeOver (kind: IdentifierKind, name: string, accountId: string): Promise<Date | null> {
    const isDead = and(isNamed(kind, name), lt(claimedAtColumn, deadAfter))
    const [holder] = await query.select({ accountId: accountColumn }).from(accountIdentifiers).where(isDead)
    if (holder === undefined || await isInUse(kind, name, holder.accountId)) return null
    if (kind === 'email' && (await heldEmails(holder.accountId)).includes(normalizeEmail(name))) return null
    const [claim] = await query.update(accountIdentifiers).set({ accountId, claimedAt: expression`now()` })
      .where(and(isDead, eq(accountColumn, holder.accountId))).returning({ claimedAt: claimedAtColumn })
    return claim?.claimedAt ?? null
  }

  async function claimOne (kind: IdentifierKind, name: string, accountId: string): Promise<Date> {
    const [claim] = await query.insert(accountIdentifiers).values({ kind, value: storedForm[kind](name), accountId })
      .onConflictDoNothing().returning({ claimedAt: claimedAtColumn })
    const claimedAt = claim?.claimedAt ?? await takeOver(kind, name, accountId)
    if (claimedAt === null) throw new AuthError(takenCodes[kind])
    return claimedAt
  }

  async function release ({ accountId, names }: Omit<Claims, 'claimedAt'>): Promise<void> {
    for (const [kind, name] of namesIn(names)) {
      await query.delete(accountIdentifiers).where(and(isNamed(kind, name), eq(accountColumn, accountId)))
    }
  }

  return {
    /** The id of the account that has claimed the email, or `null`; whether the account has it, its row says. */
    async holderOf (this: void, email: string): Promise<string | null> {
      const [holder] = await query.select({ accountId: accountColumn }).from(accountIdentifiers)
        .where(isNamed('email', email))
      return holder?.accountId ?? null
    },

    /**
     * Claims all identifiers of an account, or none.
     * @throws AuthError `email_taken`, `username_taken`
     */
    async claim (accountId: string, names: ClaimedNames & { email: string }): Promise<Claims> {
      const claimedAt = await claimOne('email', names.email, accountId)
      const others = namesIn(names).filter(([kind]) => kind !== 'email')
      try {
        for (const [kind, name] of others) await claimOne(kind, name, accountId)
      } catch (error) {
        if (error instanceof AuthError && error.code !== 'unavailable') {
          await release({ accountId, names: { email: names.email } })
        }
        throw error
      }
      return { accountId, names, claimedAt }
    },

    /** Whether the account has the identifier, in any spelling that counts as the same. */
    isInUse,

    /**
     * Claims one more identifier for an account that is there.
     * @throws AuthError `email_taken`, `username_taken`; `unavailable` while the same account has claimed it
     */
    async claimAnother (accountId: string, kind: IdentifierKind, name: string): Promise<Claims> {
      try {
        return { accountId, names: { [kind]: name }, claimedAt: await claimOne(kind, name, accountId) }
      } catch (error) {
        const [own] = await query.select({ accountId: accountColumn }).from(accountIdentifiers)
          .where(and(isNamed(kind, name), eq(accountColumn, accountId)))
        throw own === undefined ? error : unavailable(error)
      }
    },

    heldEmails,

    /** Claims an identifier again that is claimed for the account already; `null` if it is not. */
    async renew (accountId: string, kind: IdentifierKind, name: string): Promise<Claims | null> {
      const [claim] = await query.update(accountIdentifiers).set({ claimedAt: expression`now()` })
        .where(and(isNamed(kind, name), eq(accountColumn, accountId))).returning({ claimedAt: claimedAtColumn })
      return claim === undefined ? null : { accountId, names: { [kind]: name }, claimedAt: claim.claimedAt }
    },

    /** Frees the identifiers that an account has given up. */
    release
  }
}

function namesIn (names: ClaimedNames): Array<[IdentifierKind, string]> {
  return Object.entries(names).filter(([, name]) => name !== null) as Array<[IdentifierKind, string]>
}

/** The condition on which an account may be made: nothing can have taken its claims over. */
export function isYoung (sql: Pool, { claimedAt }: Pick<Claims, 'claimedAt'>): Fragment {
  return sql`now() < ${claimedAt}::timestamptz + make_interval(secs => ${claimLifetimeSeconds})`
}
