import type { Database } from '../../db/database.js'
import { expression, lte } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import type { Accounts } from '../accounts/accounts.js'
import { recordEvents } from '../audit/audit.js'
import { greetingOf } from '../challenges/greeting.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Mail } from '../mail/index.js'
import type { Passwords } from '../passwords/index.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import type { OwnerProof, OwnersAct } from '../sign-in/owner-proof.js'
import type { Credentials, PasswordProof } from '../sign-in/password-proof.js'

export interface DeletionNeeds {
  db: Pick<Database, 'sql' | 'query'>
  accounts: Pick<Accounts, 'deleteById'>
  passwords: Pick<Passwords, 'admit'>
  proof: Pick<PasswordProof, 'ofCredentials'>
  proveOwner: OwnerProof
  mail: Pick<Mail, 'notice' | 'delivery'>
  revocations: Pick<Revocations, 'publish'>
  /** Seconds until a deletion is carried out; 0 for at once. */
  grace: number
  /** Milliseconds since 1970. */
  now: () => number
}

/** Accounts deleted in one run. */
const batchSize = 100

/** The policy that the owner agreed to, not the owner, deletes in the end. */
const afterGrace: ClientInfo = { address: null, userAgent: null, actor: 'policy' }

/** Deletes accounts for their owners, after a time in which they can think again (GDPR 17). */
export function createDeletion (needs: DeletionNeeds) {
  const { db: { sql, query }, accounts: { deleteById }, passwords, proof, proveOwner, mail, revocations } = needs
  const { grace, now } = needs

  return {
    /**
     * Ends all sessions now and deletes the account when the grace is over; until then it admits no sign-in.
     * @returns when it is deleted
     * @throws AuthError `wrong_password` or `session_not_fresh`, `too_many_failures`, `overloaded`
     */
    async scheduleDeletion (
      this: void, { accountId, proof: act }: { accountId: string, proof: OwnersAct }, clientInfo: ClientInfo
    ): Promise<Date> {
      const account = await proveOwner(accountId, act, clientInfo)
      const deletesAt = new Date(now() + grace * 1_000)
      if (grace === 0) {
        await deleteById(accountId, clientInfo)
        return deletesAt
      }
      const scheduled = await sql`
        WITH ${endAccess(sql, {
          accountId,
          where: sql`account.password_hash = ${account.passwordHash} AND account.deletes_at IS NULL`,
          set: sql`, deletes_at = ${deletesAt}, updated_at = now()`,
          reason: 'deletion_scheduled',
          by: clientInfo
        })},
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['deletion_scheduled'], 'changed', clientInfo)}),
        notice AS (${mail.notice(account, {
          kind: 'deletion-scheduled', values: { name: greetingOf(account), deletesAt: toText(deletesAt) }
        }, 'changed')})
        SELECT account_id FROM changed`
      if (scheduled.length === 0) throw new AuthError('wrong_password', { message: 'the account changed meanwhile' })
      revocations.publish({ accountId })
      mail.delivery.wake()
      return deletesAt
    },

    /**
     * Lets the account live on. One that is not to be deleted stays as it is.
     * @throws AuthError `invalid_credentials`, `too_many_failures`, `overloaded`
     */
    async cancelDeletion (this: void, credentials: Credentials, clientInfo: ClientInfo): Promise<void> {
      const { id } = await passwords.admit(clientInfo.address, () => proof.ofCredentials(credentials, clientInfo))
      await sql`
        WITH account AS (
          UPDATE accounts AS account SET deletes_at = NULL, updated_at = now()
          WHERE account.id = ${id} AND account.deletes_at > now() RETURNING account.id
        ),
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['deletion_canceled'], 'changed', clientInfo)})
        SELECT account_id FROM changed`
    },

    /** Deletes the accounts whose time has come. */
    async deleteDue (this: void): Promise<void> {
      const due = await query.select({ id: accounts.id }).from(accounts)
        .where(lte(accounts.deletesAt, expression`now()`)).limit(batchSize)
      // Its owner may have thought again at this very moment.
      for (const { id } of due) await deleteById(id, afterGrace, sql`account.deletes_at <= now()`)
    }
  }
}

/** For a mail: RFC 3339 in UTC, without fractions. */
function toText (time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
