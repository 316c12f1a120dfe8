import type { Database } from '../../db/client.js'
import { and, eq, isNull } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { HashingQueue } from './hashing-queue.js'
import type { PasswordHashing } from './password-hashing.js'

export interface PasswordChangeNeeds {
  db: Pick<Database, 'sql' | 'query'>
  queue: Pick<HashingQueue, 'admit'>
  hashing: Pick<PasswordHashing, 'hash' | 'verify'>
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
 * and has not been changed meanwhile.
 * @throws AuthError `wrong_password`, `password_unacceptable`, `overloaded`
 */
export function createPasswordChange ({ db: { sql, query }, queue, hashing, revocations }: PasswordChangeNeeds) {
  async function replaceHash (
    { accountId, keep }: PasswordChange, verifiedHash: string, hash: string, { address }: ClientInfo
  ): Promise<boolean> {
    const keptId = typeof keep === 'string' ? undefined : keep.sessionId
    const where = sql`
      account.id = ${accountId} AND account.password_hash = ${verifiedHash} AND account.disabled_at IS NULL`
    const set = sql`password_hash = ${hash}, updated_at = clock_timestamp()`
    const account = keep === 'all'
      ? sql`account AS (UPDATE accounts AS account SET ${set} WHERE ${where} RETURNING account.*)`
      : endAccess(sql, {
        where, set: sql`, ${set}`, reason: 'password_changed', address, ...(keptId !== undefined && { keep: keptId })
      })
    const changed = await sql`
      WITH ${account}, changed AS (SELECT account.id AS account_id, ${keptId ?? null}::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, ['password_changed'], 'changed', address)})
      SELECT account_id FROM changed`
    return changed.length > 0
  }

  async function attempt (change: PasswordChange, clientInfo: ClientInfo): Promise<boolean> {
    const [account] = await query.select({ hash: accounts.passwordHash }).from(accounts)
      .where(and(eq(accounts.id, change.accountId), isNull(accounts.disabledAt)))
    const isVerified = await hashing.verify(account?.hash ?? null, change.current)
    if (account === undefined || !isVerified) throw new AuthError('wrong_password')
    const hash = await hashing.hash(change.replacement, change.minPasswordLength)
    return replaceHash(change, account.hash, hash, clientInfo)
  }

  return async function changePassword (change: PasswordChange, clientInfo: ClientInfo): Promise<void> {
    await queue.admit(async () => {
      // The password may still be correct: a concurrent sign-in may have renewed its hash.
      const isChanged = await attempt(change, clientInfo) || await attempt(change, clientInfo)
      if (!isChanged) throw new AuthError('wrong_password', { message: 'the password was changed meanwhile' })
    })
    revocations.publish({ accountId: change.accountId })
  }
}
