import type { OutgoingMail } from '../core/mail/mail.js'
import type { Render } from './templates.js'

export interface Sender {
  render: Render
  from: { name: string, address: string }
  /** Of the Message-ID. */
  domain: string
}

/** A mail as nodemailer takes it. */
export function toMessage ({ render, from, domain }: Sender, mail: OutgoingMail) {
  return {
    ...render(mail),
    // As objects: in a text a comma would begin another address.
    from,
    to: { name: '', address: mail.recipient },
    messageId: `<${mail.id}@${domain}>`,
    // No answer from an absence notice (RFC 3834 5).
    headers: { 'Auto-Submitted': 'auto-generated' }
  }
}
