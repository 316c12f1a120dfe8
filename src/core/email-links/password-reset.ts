import type { Fragment, Pool } from '../../db/pool.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError, unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { randomSecret } from '../lib/secrets.js'
import type { Mail } from '../mail/index.js'
import type { MailContent } from '../mail/mail.js'
import type { Passwords } from '../passwords/index.js'
import { minPasswordLength } from '../passwords/password-hashing.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import type { AccountLookup, LookedUpRow } from '../sign-in/account-lookup.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import type { MailRequest } from './request.js'
import { isSpent, spendChallenge } from '../challenges/challenge-statements.js'
import { usedMeanwhile } from './email-verification.js'
import { greetingOf, type Greeted } from '../challenges/greeting.js'
import type { Presentation, Proof } from './presentation.js'

export interface PasswordResetNeeds {
  sql: Pool
  lookup: Pick<AccountLookup, 'byId'>
  challengeMail: ChallengeMail
  request: MailRequest
  presentation: Presentation
  passwords: Pick<Passwords, 'admit' | 'hash'>
  mail: Pick<Mail, 'notice' | 'requireAvailable' | 'delivery'>
  revocations: Pick<Revocations, 'publish'>
}

export interface NewPassword {
  password: string
  minPasswordLength: number
}

const purpose = 'reset_password'

const noAccountHas = () => new AuthError('not_found', { message: 'no account has this id' })

/** What the mail for a new password says. */
export const resetContent = (
  account: Greeted, secrets: { code: string, link: string }
): MailContent => ({ kind: 'reset-password', values: { name: greetingOf(account), ...secrets } })

/** Lets people back in who forgot their password (OWASP ASVS 6.4.3). */
export function createPasswordReset (needs: PasswordResetNeeds) {
  const { sql, lookup, challengeMail, request, presentation, passwords, mail, revocations } = needs

  /** The code and the link for an account, and their mail, for each row of the CTE `asked`. */
  const resetMail = (account: LookedUpRow): Fragment => challengeMail.insertion({
    purpose,
    accountId: account.id,
    email: account.email,
    recipient: account.email,
    content: secrets => resetContent(account, secrets)
  }, 'asked')

  return {
    /** Sends a code and a link, if an account has the address. @throws AuthError as `request` */
    requestPasswordReset: (email: string, clientInfo: ClientInfo): Promise<void> =>
      request({ purpose, email, content: resetContent }, clientInfo),

    /**
     * Sends them for an operator, who may know whether there is such an account; without the limits that others fill.
     * @throws AuthError `not_found`, `mail_unavailable`
     */
    async sendPasswordReset (accountId: string, by: ClientInfo): Promise<void> {
      mail.requireAvailable()
      const account = await lookup.byId(accountId, by)
      if (account === null) throw noAccountHas()
      await sql`
        WITH asked AS (
          SELECT ${accountId}::uuid AS account_id, ${account.epoch}::int AS epoch, NULL::uuid AS session_id
        ),
        ${resetMail(account)},
        record AS (${recordEvents(sql, ['password_reset_sent'], 'asked', by)})
        SELECT account_id FROM asked`
      mail.delivery.wake()
    },

    /**
     * The same for an account that may be in the wrong hands: the password is good no more, and all sessions end.
     * @returns how many were live
     * @throws AuthError `not_found`, `mail_unavailable`, `overloaded`
     */
    async requirePasswordReset (accountId: string, by: ClientInfo): Promise<number> {
      mail.requireAvailable()
      const account = await lookup.byId(accountId, by)
      if (account === null) throw noAccountHas()
      const hash = await passwords.admit(by.address, () => passwords.hash(randomSecret(), minPasswordLength))
      const [row] = await sql<[{ count: number }?]>`
        WITH ${endAccess(sql, {
          accountId,
          where: sql`account.email = ${account.email}`,
          set: sql`, password_hash = ${hash}, updated_at = now()`,
          reason: 'password_changed',
          by
        })},
        asked AS (SELECT account.id AS account_id, account.epoch, NULL::uuid AS session_id FROM account),
        ${resetMail(account)},
        record AS (${recordEvents(sql, ['password_reset_required'], 'asked', by)})
        SELECT (SELECT count(*) FROM ended)::int AS count FROM asked`
      if (row === undefined) throw unavailable(new Error('the email was changed at the same moment'))
      revocations.publish({ accountId })
      mail.delivery.wake()
      return row.count
    },

    /**
     * Sets the password and ends all sessions; the address counts as verified. A password that is refused leaves the
     * code or link as it was.
     * @throws AuthError `invalid_code`, `invalid_link`, `password_unacceptable`, `password_common`,
     * `too_many_failures`, `overloaded`
     */
    async resetPassword (proof: Proof, { password, minPasswordLength }: NewPassword, clientInfo: ClientInfo) {
      const { id, email, account } = await presentation.of(purpose, proof, clientInfo)
      const accountId = account.id
      const hash = await passwords.admit(clientInfo.address, () => passwords.hash(password, minPasswordLength, account))
      const name = greetingOf(account)
      const reset = await sql`
        WITH ${spendChallenge(sql, { accountId, purpose }, id)},
        ${endAccess(sql, {
          accountId,
          where: sql`account.email = ${email} AND ${isSpent(sql, { purpose })}`,
          set: sql`, password_hash = ${hash}, email_verified_at = now(), updated_at = now()`,
          reason: 'password_changed',
          by: clientInfo
        })},
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['password_reset'], 'changed', clientInfo)}),
        notice AS (${mail.notice(
          { email, emailVerifiedAt: new Date() }, { kind: 'password-changed', values: { name } }, 'changed')})
        SELECT account_id FROM changed`
      if (reset.length === 0) throw usedMeanwhile(proof)
      revocations.publish({ accountId })
    }
  }
}
