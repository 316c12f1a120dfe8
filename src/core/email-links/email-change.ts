import type { Pool } from '../../db/pool.js'
import { ignore } from '../../db/errors.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { normalizeEmail } from '../accounts/email.js'
import { isYoung } from '../accounts/identifiers.js'
import { recordEvents } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Mail } from '../mail/index.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import type { OwnerProof, OwnersAct } from '../sign-in/owner-proof.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import { isSpent, spendChallenge } from '../challenges/challenge-statements.js'
import { usedMeanwhile } from './email-verification.js'
import { greetingOf } from '../challenges/greeting.js'
import type { Presentation, Presented } from './presentation.js'
import { resetContent } from './password-reset.js'

export interface EmailChangeNeeds {
  sql: Pool
  accounts: Pick<Accounts, 'emails'>
  mail: Pick<Mail, 'requireAvailable' | 'limits' | 'delivery'>
  challengeMail: ChallengeMail
  presentation: Presentation
  proveOwner: OwnerProof
  revocations: Pick<Revocations, 'publish'>
}

/** What proves that the owner reads the new address: the link, or the code in a session of the account. */
export type NewAddressProof = { token: string } | { accountId: string, code: string }

const purpose = 'change_email'
const undo = 'undo_email_change'

/**
 * Changes the address of an account: after the password, and a proof that the new address is read. The old one, if it
 * was verified, gets a link that undoes it, and stays the account's until that expires: no other account can take it.
 */
export function createEmailChange (needs: EmailChangeNeeds) {
  const { sql, accounts: { emails }, mail, challengeMail, presentation, proveOwner, revocations } = needs

  function present (proof: NewAddressProof, clientInfo: ClientInfo): Promise<Presented> {
    return 'token' in proof
      ? presentation.of(purpose, proof, clientInfo)
      : presentation.ofAccount(purpose, proof.accountId, proof.code, clientInfo)
  }

  return {
    /**
     * Sends a code and a link to the new address, also where another account has it: that shows when it is confirmed.
     * @throws AuthError `wrong_password` or `session_not_fresh`, `too_many_failures`, `too_many_mails`,
     * `mail_unavailable`, `overloaded`
     */
    async requestEmailChange (
      change: { accountId: string, newEmail: string, proof: OwnersAct }, clientInfo: ClientInfo
    ): Promise<void> {
      mail.requireAvailable()
      const { accountId, proof } = change
      const newEmail = normalizeEmail(change.newEmail)
      const account = await proveOwner(accountId, proof, clientInfo)
      await mail.limits.admitNetwork(clientInfo.address)
      if (!await mail.limits.admitAddress(newEmail, purpose)) return
      const challenge = challengeMail.insertion({
        purpose,
        accountId,
        email: newEmail,
        recipient: newEmail,
        content: secrets => ({
          kind: 'change-email', values: { name: greetingOf({ ...account, emailVerifiedAt: null }), ...secrets }
        })
      }, 'asked')
      await sql`
        WITH asked AS (SELECT ${accountId}::uuid AS account_id, ${account.epoch}::int AS epoch), ${challenge}
        SELECT account_id FROM asked`
      mail.delivery.wake()
    },

    /**
     * Changes the address, which counts as verified; the sessions go on.
     * @throws AuthError `invalid_code`, `invalid_link`, `too_many_failures`; `email_taken` when another account has
     * the address, and the code or link is as it was
     */
    async changeEmail (proof: NewAddressProof, clientInfo: ClientInfo): Promise<Account> {
      const { id, email, account: before } = await present(proof, clientInfo)
      const accountId = before.id
      const claims = await emails.claim(accountId, email)
      const isUndoable = before.emailVerifiedAt !== null
      const undoLink = challengeMail.insertion({
        purpose: undo,
        accountId,
        email: before.email,
        recipient: before.email,
        content: ({ link }) =>
          ({ kind: 'email-changed', values: { name: greetingOf(before), newEmail: email, link } })
      }, 'undoable')
      const [row] = await sql<AccountRow[]>`
        WITH ${spendChallenge(sql, { accountId, purpose }, id)},
        account AS (
          UPDATE accounts AS account SET email = ${email}, email_verified_at = now(), updated_at = now()
          WHERE account.id = ${accountId} AND account.email = ${before.email} AND ${isYoung(sql, claims)}
            AND ${isSpent(sql, { purpose })}
          RETURNING account.*
        ),
        named AS (
          UPDATE sessions AS session SET email = account.email FROM account
          WHERE session.account_id = ${accountId} AND session.email IS NOT NULL AND session.ended_at IS NULL
        ),
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['email_changed'], 'changed', clientInfo)}),
        undoable AS (SELECT account.id AS account_id, account.epoch FROM account WHERE ${isUndoable}::boolean),
        ${undoLink}
        SELECT ${accountColumns(sql)} FROM account`
      // The claim may be that of the request that was quicker; if it is of no account, it lapses by itself.
      if (row === undefined) throw usedMeanwhile(proof)
      revocations.publish({ accountId })
      mail.delivery.wake()
      if (!isUndoable) await emails.release(accountId, before.email).catch(ignore)
      return toAccount(row)
    },

    /**
     * Brings an address back: it is verified, all sessions end, the links of later changes are dead, and a mail for a
     * new password is on its way to it.
     * @throws AuthError `invalid_link`; `unavailable` when the account was changed at the same moment
     */
    async undoEmailChange (token: string, clientInfo: ClientInfo): Promise<void> {
      const { id, email, account: before } = await presentation.of(undo, { token }, clientInfo)
      const accountId = before.id
      const claims = await emails.claim(accountId, email)
      const resetMail = challengeMail.insertion({
        purpose: 'reset_password',
        accountId,
        email,
        recipient: email,
        content: secrets => resetContent({ ...before, email, emailVerifiedAt: new Date() }, secrets)
      }, 'restored')
      const restored = await sql`
        WITH ${spendChallenge(sql, { accountId, purpose: undo }, id)},
        ${endAccess(sql, {
          accountId,
          where: sql`${isYoung(sql, claims)} AND ${isSpent(sql, { purpose: undo })}`,
          set: sql`, email = ${email}, email_verified_at = now(), updated_at = now()`,
          reason: 'email_change_undone',
          by: clientInfo
        })},
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['email_change_undone'], 'changed', clientInfo)}),
        restored AS (SELECT account.id AS account_id, account.epoch FROM account),
        ${resetMail}
        SELECT account_id FROM restored`
      if (restored.length === 0) throw usedMeanwhile({ token })
      revocations.publish({ accountId })
      mail.delivery.wake()
      if (before.email !== email) await emails.release(accountId, before.email).catch(ignore)
    }
  }
}
