import type { Database } from '../../db/database.js'
import { eq } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import type { StatementPart } from '../../db/statement-part.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Passwords } from '../passwords/index.js'
import type { LoginThrottle } from './login-throttle.js'

export interface PasswordChangeNeeds {
  db: Pick<Database, 'sql' | 'query'>
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  passwords: Pick<Passwords, 'admit' | 'hash' | 'verify'>
  revocations: Pick<RevocationNotices, 'publish'>
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
export function createPasswordChange ({ db: { sql, query }, throttle, passwords, revocations }: PasswordChangeNeeds) {
  async function replaceHash (
    { accountId, keep }: PasswordChange, verifiedHash: string, hash: string, success: StatementPart,
    clientInfo: ClientInfo
  ): Promise<boolean> {
    const keptId = typeof keep === 'string' ? undefined : keep.sessionId
    const where = sql`
      account.id = ${accountId} AND account.password_hash = ${verifiedHash} AND account.disabled_at IS NULL`
    const set = sql`password_hash = ${hash}, updated_at = clock_timestamp()`
    const account = keep === 'all'
      ? sql`account AS (UPDATE accounts AS account SET ${set} WHERE ${where} RETURNING account.*)`
      : endAccess(sql, {
        where,
        set: sql`, ${set}`,
        reason: 'password_changed',
        by: clientInfo,
        ...(keptId !== undefined && { keep: keptId })
      })
    const changed = await sql`
      WITH ${account}, changed AS (SELECT account.id AS account_id, ${keptId ?? null}::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['password_changed'], 'changed', clientInfo)}), in_same_statement AS (${success})
      SELECT account_id FROM changed`
    return changed.length > 0
  }

  async function attempt (change: PasswordChange, clientInfo: ClientInfo): Promise<boolean> {
    const { address } = clientInfo
    const { email, username, name } = accounts
    const [owner] = await query.select({ email, username, name }).from(accounts)
      .where(eq(accounts.id, change.accountId))
    if (owner === undefined) throw new AuthError('wrong_password')
    const reserved = await throttle.reserve(owner.email, clientInfo)
    const { account } = reserved
    const isVerified = await passwords.verify(account?.hash ?? null, change.current)
    if (account?.id !== change.accountId || !isVerified || account.isDisabled) {
      await throttle.failure(reserved, { event: 'password_change_failed', address })
      throw new AuthError('wrong_password')
    }
    const success = throttle.success(reserved)
    const hash = await passwords.hash(change.replacement, change.minPasswordLength, owner)
      .catch(async (error: unknown) => {
        await success
        throw error
      })
    return replaceHash(change, account.hash, hash, success, clientInfo)
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
