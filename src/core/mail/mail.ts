import type { MailKind } from '../../db/stored-values.js'

/** What the template of each kind of mail is filled with, by the names in its braces. */
export const mailPlaceholders = {
  'verify-email': ['name', 'code', 'link'],
  'reset-password': ['name', 'code', 'link'],
  'change-email': ['name', 'code', 'link'],
  'sign-in-code': ['name', 'code', 'link'],
  'sign-in-link': ['name', 'link'],
  'email-changed': ['name', 'newEmail', 'link'],
  'email-changed-by-operator': ['name', 'newEmail'],
  'password-changed': ['name'],
  'new-device': ['name', 'device', 'network', 'at'],
  'session-ended': [],
  'deletion-scheduled': ['name', 'deletesAt'],
  'address-taken': [],
  test: []
} as const satisfies Record<MailKind, readonly string[]>

type Placeholders = typeof mailPlaceholders

/** A kind of mail with what its template is filled with. */
export type MailContent = {
  [Kind in MailKind]: { kind: Kind, values: Readonly<Record<Placeholders[Kind][number], string>> }
}[MailKind]

/** A mail for one recipient. */
export interface OutgoingMail {
  /** Stable over retries, for the Message-ID (RFC 5322 3.6.4). */
  id: string
  kind: MailKind
  recipient: string
  values: Readonly<Record<string, string>>
}

/** Sends mails; `src/mail/` implements it. */
export interface MailTransport {
  /** Whether there is anywhere to send to; if not, nothing that needs a mail is offered. */
  isAvailable: boolean
  /** @throws MailRefused when the recipient's server will never take it; any other error when it may later */
  send (mail: OutgoingMail): Promise<void>
}

/** A mail that was refused for good (RFC 5321 4.2.1, replies 5yz). */
export class MailRefused extends Error {}
