import type { Pool } from '../../db/pool.js'
import type { ChallengePurpose } from '../../db/stored-values.js'
import { normalizeEmail } from '../accounts/email.js'
import type { Greeted } from '../challenges/greeting.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Mail } from '../mail/index.js'
import type { MailContent } from '../mail/mail.js'
import type { AccountLookup, LookedUpRow } from '../sign-in/account-lookup.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import { standInId } from '../challenges/challenge-secrets.js'

export interface MailRequestNeeds {
  sql: Pool
  keyring: Keyring
  lookup: Pick<AccountLookup, 'byEmail'>
  mail: Pick<Mail, 'requireAvailable' | 'limits' | 'delivery'>
  challengeMail: ChallengeMail
}

/** What a mail is asked for. */
export interface AskedFor {
  purpose: ChallengePurpose
  email: string
  /** Whether an account gets one; none gets as little as an address without an account. */
  isFor?: (account: LookedUpRow) => boolean
  content: (account: Greeted, secrets: { code: string, link: string }) => MailContent
}

export type MailRequest = ReturnType<typeof createMailRequest>

/**
 * Takes requests of anyone for a mail to an address: the same statements, rows and reply whether an account has it or
 * not. The mail leaves afterwards, from the outbox.
 */
export function createMailRequest ({ sql, keyring, lookup, mail, challengeMail }: MailRequestNeeds) {
  /**
   * Stores a challenge with its mail, or with one that is never sent.
   * @throws AuthError `mail_unavailable`; `too_many_mails` when the network has asked for too many
   */
  return async function request (
    { purpose, email, isFor = () => true, content }: AskedFor, clientInfo: ClientInfo
  ): Promise<void> {
    mail.requireAvailable()
    await mail.limits.admitNetwork(clientInfo.address)
    const address = normalizeEmail(email)
    const account = await lookup.byEmail(email, clientInfo)
    if (!await mail.limits.admitAddress(address, purpose)) return
    const isSent = account !== null && !account.isDisabled && isFor(account)
    const person = account ?? { email: address, name: null, username: null, emailVerifiedAt: null }
    const accountId = account?.id ?? standInId(keyring, address)
    const challenge = challengeMail.insertion({
      purpose,
      accountId,
      email: account?.email ?? '',
      recipient: isSent ? account.email : null,
      content: secrets => content(person, secrets)
    }, 'asked')
    await sql`
      WITH asked AS (SELECT ${accountId}::uuid AS account_id, ${account?.epoch ?? 0}::int AS epoch), ${challenge}
      SELECT account_id FROM asked`
    mail.delivery.wake()
  }
}
