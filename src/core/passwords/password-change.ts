import type { Sql } from 'postgres'
import { recordEvent } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { HashingQueue } from './hashing-queue.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from './password-hashing.js'
import type { Revocations } from '../revocations/revocations.js'

export interface PasswordChangeNeeds {
  sql: Sql
  gate: HashingQueue
  passwords: Passwords
  revocations: Revocations
}

export interface PasswordChange {
  accountId: string
  current: string
  replacement: string
  minPasswordLength: number
  /** The sessions that live on: one, none, or all. */
  keep: { sessionId: string } | 'none' | 'all'
}

/**
 * Changes a password and ends all sessions but those to keep, in one statement, if the current password is right
 * and has not been changed meanwhile.
 * @throws AuthError `wrong_password`, `password_unacceptable`, `overloaded`
 */
export function createPasswordChange ({ sql, gate, passwords, revocations }: PasswordChangeNeeds) {
  async function replaceHash (
    { accountId, keep }: PasswordChange, verifiedHash: string, hash: string, clientInfo: ClientInfo
  ): Promise<boolean> {
    const keptId = typeof keep === 'string' ? null : keep.sessionId
    const endsSessions = keep !== 'all'
    const changed = await sql`
      WITH account AS (
        UPDATE accounts SET
          password_hash = ${hash}, epoch = epoch + ${Number(endsSessions)}, updated_at = clock_timestamp()
        WHERE id = ${accountId} AND password_hash = ${verifiedHash} AND disabled_at IS NULL
        RETURNING id, epoch
      ), others AS (
        UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'password_changed'
        FROM account
        WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          AND ${endsSessions} AND sessions.id IS DISTINCT FROM ${keptId}
        RETURNING sessions.account_id, sessions.id AS session_id
      ), revoked AS (${recordEvent(sql, 'session_revoked', 'others', clientInfo.address)}), kept AS (
        UPDATE sessions SET epoch = account.epoch
        FROM account
        WHERE sessions.account_id = account.id AND sessions.ended_at IS NULL
          AND sessions.id = ${keptId} AND sessions.epoch = account.epoch - 1
      ), changed AS (SELECT id AS account_id, ${keptId}::uuid AS session_id FROM account),
      record AS (${recordEvent(sql, 'password_changed', 'changed', clientInfo.address)})
      SELECT account_id FROM changed`
    return changed.length > 0
  }

  async function attempt (change: PasswordChange, clientInfo: ClientInfo): Promise<boolean> {
    const [known] = await sql<{ hash: string }[]>`
      SELECT password_hash AS hash FROM accounts WHERE id = ${change.accountId} AND disabled_at IS NULL`
    const verified = await passwords.verify(known?.hash ?? null, change.current)
    if (known === undefined || !verified) throw new AuthError('wrong_password')
    const hash = await passwords.hash(change.replacement, change.minPasswordLength)
    return replaceHash(change, known.hash, hash, clientInfo)
  }

  return async function changePassword (change: PasswordChange, clientInfo: ClientInfo): Promise<void> {
    await gate.admit(async () => {
      // The loser of a race may be right all the same: a sign-in has renewed the hash of the same password.
      const changed = await attempt(change, clientInfo) || await attempt(change, clientInfo)
      if (!changed) throw new AuthError('wrong_password', { message: 'the password was changed meanwhile' })
    })
    revocations.publish({ accountId: change.accountId })
  }
}
