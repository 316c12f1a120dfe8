import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { createDelivery } from './delivery.js'
import type { MailContent, MailTransport } from './mail.js'
import { createMailLimits, type MailLimitSettings } from './mail-limits.js'
import { createOutbox, insertMail, type NewMail } from './outbox.js'

export type { MailLimitSettings } from './mail-limits.js'

/** The owner of an account, as far as mails go. */
export interface Recipient {
  email: string
  emailVerifiedAt: Date | null
}

export interface MailNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  transport: MailTransport
  limits: MailLimitSettings
  onError: (error: unknown) => void
}

export type Mail = ReturnType<typeof createMail>

/** Mails to the owners of accounts, through an outbox in the database. */
export function createMail ({ db, keyring, transport, limits: settings, onError }: MailNeeds) {
  const outbox = createOutbox(db)
  const limits = createMailLimits({ db, keyring, settings })
  const { metrics, ...delivery } = createDelivery({ outbox, limits, keyring, transport, onError })

  return {
    limits,
    delivery,
    metrics,
    waiting: outbox.waiting,
    failed: outbox.failed,

    /** Whether mails can be sent. */
    isAvailable: transport.isAvailable,

    /** @throws AuthError `mail_unavailable` */
    requireAvailable (): void {
      if (!transport.isAvailable) throw new AuthError('mail_unavailable')
    },

    /** The body of a CTE that stores a mail for each row of `source`, which has a column `account_id`. */
    insertion: (mail: NewMail, source: string): Fragment => insertMail(db.sql, keyring, mail, source),

    /**
     * The same for what an owner must know, whether they asked for it or not: to an address that they have confirmed,
     * since another one may not be theirs. Nothing is stored where mails cannot be sent.
     */
    notice (this: void, { email, emailVerifiedAt }: Recipient, content: MailContent, source: string): Fragment {
      const isSent = transport.isAvailable && emailVerifiedAt !== null
      return insertMail(db.sql, keyring, { content, recipient: email }, source, isSent)
    },

    /** The same where only the statement knows the owner: `source` has `email` and `email_verified_at` too. */
    noticeToOwner (this: void, content: MailContent, source: string): Fragment {
      const recipient = db.sql`CASE WHEN source.email_verified_at IS NOT NULL THEN source.email END`
      return insertMail(db.sql, keyring, { content, recipient }, source, transport.isAvailable)
    },

    /** Sends a mail at once, not through the outbox, to try the settings. @throws what the transport says */
    sendTest: (recipient: string): Promise<void> =>
      transport.send({ id: randomUUID(), kind: 'test', recipient, values: {} }),

    async cleanUp (): Promise<void> {
      await outbox.deleteOld()
      await limits.deleteExpired()
    }
  }
}
