import { randomUUID } from 'node:crypto'
import type { Fragment, Pool } from '../../db/pool.js'
import type { ChallengePurpose } from '../../db/stored-values.js'
import type { Keyring } from '../keys/keyring.js'
import { sha256 } from '../lib/secrets.js'
import type { Mail } from '../mail/index.js'
import type { MailContent } from '../mail/mail.js'
import { codeHashes, formatLinkToken, makeCode, makeLinkSecret } from './challenge-secrets.js'
import { insertChallenge } from './challenge-statements.js'
import { challengeRules } from './rules.js'

export interface ChallengeMailNeeds {
  sql: Pool
  keyring: Keyring
  mail: Pick<Mail, 'insertion'>
  /** The address of the pages that links open. */
  pagesUrl: string
}

export interface MailedChallenge {
  purpose: ChallengePurpose
  accountId: string
  /** The address that the challenge proves; empty where no account has it. */
  email: string
  /** Where the mail goes; `null` for nowhere, which is stored all the same. */
  recipient: string | null
  content: (secrets: { code: string, link: string }) => MailContent
}

export type ChallengeMail = ReturnType<typeof createChallengeMail>

/** Makes challenges, each with the mail that carries its code and its link. */
export function createChallengeMail ({ sql, keyring, mail, pagesUrl }: ChallengeMailNeeds) {
  return {
    /**
     * Definitions of the CTEs `mailed_challenge` and `challenge_mail`, which store both for each row of `source`, with
     * the columns `account_id` and `epoch`.
     */
    insertion (this: void, challenge: MailedChallenge, source: string): Fragment {
      const { purpose, accountId, email, recipient, content } = challenge
      const { hasCode, page } = challengeRules[purpose]
      const id = randomUUID()
      const code = makeCode()
      const secret = makeLinkSecret()
      const link = `${pagesUrl}/${page}#token=${formatLinkToken({ accountId, id, secret })}`
      const codeHash = hasCode ? codeHashes(keyring, accountId, purpose, code).current : null
      return sql`
        mailed_challenge AS (${insertChallenge(
          sql, { id, purpose, email, codeHash, linkHash: sha256(secret) }, source)}),
        challenge_mail AS (${mail.insertion({ content: content({ code, link }), recipient }, source)})`
    }
  }
}
