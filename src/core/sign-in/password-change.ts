import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { displayName } from '../accounts/account.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Mail } from '../mail/index.js'
import { endChallenges } from '../revocations/end-challenges.js'
import { endAccess, type AccessToEnd } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Passwords } from '../passwords/index.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { AccountLookup, LookedUpRow } from './account-lookup.js'
import type { PasswordProof } from './password-proof.js'

export interface PasswordChangeNeeds {
  db: Pick<Database, 'sql'>
  proof: Pick<PasswordProof, 'ofAccount'>
  lookup: Pick<AccountLookup, 'byId'>
  passwords: Pick<Passwords, 'admit' | 'hash'>
  start: Pick<SessionStart, 'inPlaceOfAll'>
  revocations: Pick<RevocationNotices, 'publish'>
  mail: Pick<Mail, 'notice'>
}

export interface PasswordChange {
  accountId: string
  current: string
  replacement: string
  minPasswordLength: number
}

export interface NewPassword {
  password: string
  minPasswordLength: number
}

/** Stores a hash if the verified one is still there; returns `null` if it is not. */
type Replace<Changed> = (account: LookedUpRow, hash: string) => Promise<Changed | null>

/**
 * Changes passwords: the new hash is stored, and sessions end, in one statement, if the current password is right and
 * has not been changed meanwhile. With it goes the notice to the owner (OWASP ASVS 6.3.7).
 */
export function createPasswordChange (needs: PasswordChangeNeeds) {
  const { db: { sql }, proof, lookup, passwords, start, revocations, mail } = needs

  const isUnchanged = (verifiedHash: string) =>
    sql`account.password_hash = ${verifiedHash} AND account.disabled_at IS NULL`
  const newHash = (hash: string) => sql`password_hash = ${hash}, updated_at = now()`

  const endOfAll = ({ id, passwordHash }: LookedUpRow, hash: string, by: ClientInfo): AccessToEnd => ({
    accountId: id, where: isUnchanged(passwordHash), set: sql`, ${newHash(hash)}`, reason: 'password_changed', by
  })

  const noticeTo = (account: LookedUpRow, source: string) =>
    mail.notice(account, { kind: 'password-changed', values: { name: displayName(account) } }, source)

  /** @param account defines the CTE `account`, the changed row */
  async function replaceHash (before: LookedUpRow, account: Fragment, clientInfo: ClientInfo): Promise<true | null> {
    const changed = await sql`
      WITH ${account}, changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['password_changed'], 'changed', clientInfo)}),
      notice AS (${noticeTo(before, 'changed')})
      SELECT account_id FROM changed`
    return changed.length > 0 ? true : null
  }

  async function attempt<Changed> (
    change: PasswordChange, clientInfo: ClientInfo, replace: Replace<Changed>
  ): Promise<Changed | null> {
    const account = await proof.ofAccount(change.accountId, change.current, clientInfo)
    const hash = await passwords.hash(change.replacement, change.minPasswordLength, account)
    return replace(account, hash)
  }

  async function changeWith<Changed> (
    change: PasswordChange, clientInfo: ClientInfo, replace: Replace<Changed>
  ): Promise<Changed> {
    const changed = await passwords.admit(clientInfo.address, async () =>
      // The password may still be correct: a concurrent sign-in may have renewed its hash.
      await attempt(change, clientInfo, replace) ?? await attempt(change, clientInfo, replace))
    if (changed === null) throw new AuthError('wrong_password', { message: 'the password was changed meanwhile' })
    revocations.publish({ accountId: change.accountId })
    return changed
  }

  return {
    /**
     * Changes a password.
     * @param change with the sessions that go on
     * @throws AuthError `wrong_password`, `password_unacceptable`, `password_common`, `too_many_failures`, `overloaded`
     */
    async changePassword (
      this: void, change: PasswordChange & { keep: 'none' | 'all' }, clientInfo: ClientInfo
    ): Promise<void> {
      const { accountId, keep } = change
      await changeWith(change, clientInfo, (account, hash) => replaceHash(account, keep === 'none'
        ? endAccess(sql, endOfAll(account, hash, clientInfo))
        : sql`account AS (
          UPDATE accounts AS account SET ${newHash(hash)}
          WHERE account.id = ${accountId} AND ${isUnchanged(account.passwordHash)} RETURNING account.*
        ), ${endChallenges(sql, accountId)}`, clientInfo))
    },

    /**
     * Sets a password for an operator, and ends all sessions; the owner is sent the notice.
     * @throws AuthError `not_found`, `password_unacceptable`, `password_common`, `overloaded`
     */
    async setPassword (
      this: void, accountId: string, { password, minPasswordLength }: NewPassword, by: ClientInfo
    ): Promise<void> {
      const account = await lookup.byId(accountId, by)
      const hash = await passwords.admit(by.address, () =>
        passwords.hash(password, minPasswordLength, account ?? undefined))
      const changed = account !== null && await replaceHash(account, endAccess(sql, {
        accountId, set: sql`, ${newHash(hash)}`, reason: 'password_changed', by
      }), by)
      if (changed !== true) throw new AuthError('not_found', { message: 'no account has this id' })
      revocations.publish({ accountId })
    },

    /**
     * Changes a password, with one session that goes on: a new one in the same statement, for the device that changed
     * the password. So a token that was stolen before goes the way of all others.
     */
    withNewPassword<Contract extends SessionContract> (
      change: PasswordChange, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      return changeWith(change, clientInfo, (account, hash) => start.inPlaceOfAll(
        endOfAll(account, hash, clientInfo), contract, clientInfo, 'password_changed',
        noticeTo(account, 'session')))
    }
  }
}
