import { displayName } from '../accounts/account.js'
import type { EmailNotice } from '../accounts/managed-change.js'
import type { Mail } from '../mail/index.js'

/** Tells owners that an operator has changed their address: at the one before, which they can still read. */
export function createEmailNotice (mail: Pick<Mail, 'notice'>): EmailNotice {
  return (before, newEmail, source) => {
    const { email, emailVerified, updatedAt } = before
    const recipient = { email, emailVerifiedAt: emailVerified ? new Date(updatedAt) : null }
    const values = { name: displayName(before), newEmail }
    return mail.notice(recipient, { kind: 'email-changed-by-operator', values }, source)
  }
}
