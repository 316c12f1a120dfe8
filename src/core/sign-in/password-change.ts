import type { Database } from '../../db/database.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Passwords } from '../passwords/index.js'
import type { AccountLookup } from './account-lookup.js'
import type { LoginThrottle } from './login-throttle.js'

export interface PasswordChangeNeeds {
  db: Pick<Database, 'sql'>
  lookup: Pick<AccountLookup, 'byId'>
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  passwords: Pick<Passwords, 'admit' | 'hash' | 'verify'>
  revocations: Pick<RevocationNotices, 'publish'>
  /** Receives what the client need not know. */
  onError: (error: unknown) => void
}

export interface PasswordChange {
  accountId: string
  current: string
  replacement: string
  minPasswordLength: number
  /** The sessions that go on: one, none, or all. */
  keep: { sessionId: string } | 'none' | 'all'
}

/**
 * Changes a password and ends all sessions but those to keep, in one statement, if the current password is right
 * and has not been changed meanwhile. A wrong one counts as a failed sign-in: an access token must not be worth more
 * guesses (OWASP ASVS 6.3.4).
 * @throws AuthError `wrong_password`, `password_unacceptable`, `password_common`, `too_many_failures`, `overloaded`
 */
export function createPasswordChange (needs: PasswordChangeNeeds) {
  const { db: { sql }, lookup, throttle, passwords, revocations, onError } = needs

  async function replaceHash (
    { accountId, keep }: PasswordChange, verifiedHash: string, hash: string, clientInfo: ClientInfo
  ): Promise<boolean> {
    const keptId = typeof keep === 'string' ? undefined : keep.sessionId
    const where = sql`account.password_hash = ${verifiedHash} AND account.disabled_at IS NULL`
    const set = sql`password_hash = ${hash}, updated_at = now()`
    const account = keep === 'all'
      ? sql`account AS (
        UPDATE accounts AS account SET ${set} WHERE account.id = ${accountId} AND ${where} RETURNING account.*)`
      : endAccess(sql, {
        accountId,
        where,
        set: sql`, ${set}`,
        reason: 'password_changed',
        by: clientInfo,
        ...(keptId !== undefined && { keep: keptId })
      })
    const changed = await sql`
      WITH ${account}, changed AS (SELECT account.id AS account_id, ${keptId ?? null}::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['password_changed'], 'changed', clientInfo)})
      SELECT account_id FROM changed`
    return changed.length > 0
  }

  async function attempt (change: PasswordChange, clientInfo: ClientInfo): Promise<boolean> {
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
      return await replaceHash(change, account.passwordHash, hash, clientInfo)
    } finally {
      // The current password was right, whatever came of it; an attempt that cannot be removed now lapses by itself.
      await throttle.success(reserved).catch(onError)
    }
  }

  return async function changePassword (change: PasswordChange, clientInfo: ClientInfo): Promise<void> {
    await passwords.admit(clientInfo.address, async () => {
      // The password may still be correct: a concurrent sign-in may have renewed its hash.
      const isChanged = await attempt(change, clientInfo) || await attempt(change, clientInfo)
      if (!isChanged) throw new AuthError('wrong_password', { message: 'the password was changed meanwhile' })
    })
    revocations.publish({ accountId: change.accountId })
  }
}
