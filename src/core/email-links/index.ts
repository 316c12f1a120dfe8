import type { Database } from '../../db/database.js'
import { expression, lt } from '../../db/query.js'
import { challenges } from '../../db/mail-schema.js'
import type { Accounts } from '../accounts/accounts.js'
import type { Keyring } from '../keys/keyring.js'
import type { Mail } from '../mail/index.js'
import type { Passwords } from '../passwords/index.js'
import type { Revocations } from '../revocations/index.js'
import type { Sessions } from '../sessions/index.js'
import type { SignIn } from '../sign-in/index.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import { createMailRequest } from './request.js'
import { createEmailChange } from './email-change.js'
import { createEmailVerification } from './email-verification.js'
import { createMailSignIn } from './mail-sign-in.js'
import { createPasswordReset } from './password-reset.js'
import { createPresentation } from './presentation.js'

export interface EmailLinksNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  revocations: Revocations
  passwords: Passwords
  accounts: Accounts
  mail: Mail
  challengeMail: ChallengeMail
  sessions: Sessions
  signIn: Pick<SignIn, 'lookup' | 'throttle' | 'proveOwner' | 'refusalOf' | 'outcomes'>
  onError: (error: unknown) => void
}

/** Seconds for which an expired challenge is kept, so that it is said to be expired. */
const keptSeconds = 86_400

/** What people do with a code or a link from a mail. */
export function createEmailLinks (needs: EmailLinksNeeds) {
  const { db, keyring, revocations, passwords, accounts, mail, challengeMail, sessions: { start }, signIn } = needs
  const { onError } = needs
  const { sql, query } = db
  const { lookup, throttle, proveOwner, refusalOf, outcomes } = signIn
  const request = createMailRequest({ sql, keyring, lookup, mail, challengeMail })
  const presentation = createPresentation({ sql, keyring, lookup, throttle, onError })
  return {
    ...createEmailVerification({ sql, request, presentation, revocations }),
    ...createPasswordReset({ sql, lookup, challengeMail, request, presentation, passwords, mail, revocations }),
    ...createMailSignIn({ sql, keyring, request, presentation, start, refusalOf, outcomes }),
    ...createEmailChange({
      sql, accounts, mail, challengeMail, presentation, proveOwner, revocations
    }),

    /** Removes what expired a day ago; addresses that can no longer be brought back are free for others. */
    async cleanUp (): Promise<void> {
      const { accountId, email, purpose } = challenges
      const expired = await query.delete(challenges)
        .where(lt(challenges.expiresAt, expression`now() - make_interval(secs => ${keptSeconds})`))
        .returning({ accountId, email, purpose })
      const former = expired.filter(challenge => challenge.purpose === 'undo_email_change')
      for (const each of former) await accounts.emails.releaseFormer(each.accountId, each.email)
    }
  }
}
