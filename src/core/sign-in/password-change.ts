import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { endAccess, type AccessToEnd } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Passwords } from '../passwords/index.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { AccountLookup } from './account-lookup.js'
import type { LoginThrottle } from './login-throttle.js'

export interface PasswordChangeNeeds {
  db: Pick<Database, 'sql'>
  lookup: Pick<AccountLookup, 'byId'>
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  passwords: Pick<Passwords, 'admit' | 'hash' | 'verify'>
  start: Pick<SessionStart, 'inPlaceOfAll'>
  revocations: Pick<RevocationNotices, 'publish'>
  /** Receives what the client need not know. */
  onError: (error: unknown) => void
}

export interface PasswordChange {
  accountId: string
  current: string
  replacement: string
  minPasswordLength: number
}

/** Stores a hash if the verified one is still there; returns `null` if it is not. */
type Replace<Changed> = (verifiedHash: string, hash: string) => Promise<Changed | null>

/**
 * Changes passwords: the new hash is stored, and sessions end, in one statement, if the current password is right and
 * has not been changed meanwhile. A wrong one counts as a failed sign-in: an access token must not be worth more
 * guesses (OWASP ASVS 6.3.4).
 */
export function createPasswordChange (needs: PasswordChangeNeeds) {
  const { db: { sql }, lookup, throttle, passwords, start, revocations, onError } = needs

  const isUnchanged = (verifiedHash: string) =>
    sql`account.password_hash = ${verifiedHash} AND account.disabled_at IS NULL`
  const newHash = (hash: string) => sql`password_hash = ${hash}, updated_at = now()`

  const endOfAll = (accountId: string, verifiedHash: string, hash: string, by: ClientInfo): AccessToEnd => ({
    accountId, where: isUnchanged(verifiedHash), set: sql`, ${newHash(hash)}`, reason: 'password_changed', by
  })

  /** @param account defines the CTE `account`, the changed row */
  async function replaceHash (account: Fragment, clientInfo: ClientInfo): Promise<true | null> {
    const changed = await sql`
      WITH ${account}, changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['password_changed'], 'changed', clientInfo)})
      SELECT account_id FROM changed`
    return changed.length > 0 ? true : null
  }

  async function attempt<Changed> (
    change: PasswordChange, clientInfo: ClientInfo, replace: Replace<Changed>
  ): Promise<Changed | null> {
    const { address } = clientInfo
    const account = await lookup.byId(change.accountId, clientInfo)
    if (account === null) throw new AuthError('wrong_password')
    const reserved = await throttle.reserve(account.email, account.isKnownNetwork, clientInfo)
    const isVerified = await passwords.verify(account.passwordHash, change.current)
    if (!isVerified || account.isDisabled) {
      await throttle.failure(reserved, account.id, { event: 'password_change_failed', address })
      throw new AuthError('wrong_password')
    }
    try {
      const hash = await passwords.hash(change.replacement, change.minPasswordLength, account)
      return await replace(account.passwordHash, hash)
    } finally {
      // The current password was right, whatever came of it; an attempt that cannot be removed now lapses by itself.
      await throttle.success(reserved).catch(onError)
    }
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
      await changeWith(change, clientInfo, (verifiedHash, hash) => replaceHash(keep === 'none'
        ? endAccess(sql, endOfAll(accountId, verifiedHash, hash, clientInfo))
        : sql`account AS (
          UPDATE accounts AS account SET ${newHash(hash)}
          WHERE account.id = ${accountId} AND ${isUnchanged(verifiedHash)} RETURNING account.*)`, clientInfo))
    },

    /**
     * The same, with one session that goes on: a new one in the same statement, for the device that changed the
     * password. So a token that was stolen before goes the way of all others.
     */
    withNewPassword<Contract extends SessionContract> (
      change: PasswordChange, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      return changeWith(change, clientInfo, (verifiedHash, hash) => start.inPlaceOfAll(
        endOfAll(change.accountId, verifiedHash, hash, clientInfo), contract, clientInfo, 'password_changed'))
    }
  }
}
