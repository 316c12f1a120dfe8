import type { Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { normalizeEmail } from '../accounts/email.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { SignInRule } from '../sign-in/sign-in-rule.js'
import type { SignInOutcomes } from '../sign-in/sign-in.js'
import { openChallengeId, sealChallengeId } from '../challenges/challenge-secrets.js'
import type { MailRequest } from './request.js'
import { isSpent, spendChallenge } from '../challenges/challenge-statements.js'
import { usedMeanwhile } from './email-verification.js'
import { greetingOf } from '../challenges/greeting.js'
import { refusedCode, type Presentation, type Proof } from './presentation.js'
import { codeLifetime } from '../challenges/rules.js'

export interface MailSignInNeeds {
  sql: Pool
  keyring: Keyring
  request: MailRequest
  presentation: Presentation
  start: Pick<SessionStart, 'withProof'>
  refusalOf: SignInRule
  outcomes: SignInOutcomes
}

/** What a code is typed for. */
export interface CodeToType {
  challengeId: string
  /** Seconds. */
  expiresIn: number
}

const purpose = 'sign_in'

/** Signs in with a code or a link from a mail. Nothing here makes an account. */
export function createMailSignIn (needs: MailSignInNeeds) {
  const { sql, keyring, request, presentation, start, refusalOf, outcomes } = needs

  async function signInWith<Contract extends SessionContract> (
    proof: Proof, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract>> {
    const { id, email, account: before } = await presentation.of(purpose, proof, clientInfo)
    // The address is proved by this very act.
    const refused = refusalOf({ ...before, emailVerifiedAt: before.emailVerifiedAt ?? new Date() })
    if (refused !== null) throw refused
    const accountId = before.id
    const signedIn = await start.withProof({
      accountId,
      before: spendChallenge(sql, { accountId, purpose }, id),
      account: sql`
        UPDATE accounts AS account SET email_verified_at = now()
        WHERE account.id = ${accountId} AND account.email = ${email} AND account.deletes_at IS NULL
          AND ${isSpent(sql, { purpose })}
        RETURNING account.*`,
      events: before.emailVerifiedAt === null ? ['email_verified', 'signed_in'] : ['signed_in']
    }, contract, clientInfo)
    if (signedIn === null) throw usedMeanwhile(proof)
    return signedIn
  }

  return {
    /** Sends a code and a link, if an account has the address. @throws AuthError as `request` */
    async requestSignInCode (email: string, clientInfo: ClientInfo): Promise<CodeToType> {
      await request({
        purpose,
        email,
        content: (account, secrets) => ({ kind: 'sign-in-code', values: { name: greetingOf(account), ...secrets } })
      }, clientInfo)
      return { challengeId: sealChallengeId(keyring, normalizeEmail(email)), expiresIn: codeLifetime }
    },

    /** Sends a link only. @throws AuthError as `request` */
    requestSignInLink: (email: string, clientInfo: ClientInfo): Promise<void> => request({
      purpose,
      email,
      content: (account, { link }) => ({ kind: 'sign-in-link', values: { name: greetingOf(account), link } })
    }, clientInfo),

    /**
     * @throws AuthError `invalid_code`, `too_many_failures`, `overloaded`; after the right code `deletion_pending`
     */
    async withCode<Contract extends SessionContract> (
      challengeId: string, code: string, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      return outcomes.of({ contract, method: 'code' }, async () => {
        const email = openChallengeId(keyring, challengeId)
        if (email === null) throw refusedCode('code_wrong')
        return signInWith({ email, code }, contract, clientInfo)
      })
    },

    /** The same by the address that the code was sent to. @throws AuthError as `withCode` */
    withEmailCode: <Contract extends SessionContract>(
      email: string, code: string, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> =>
      outcomes.of({ contract, method: 'code' }, () => signInWith({ email, code }, contract, clientInfo)),

    /** @throws AuthError `invalid_link`; after the right link `deletion_pending` */
    withLink: <Contract extends SessionContract>(
      token: string, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> =>
      outcomes.of({ contract, method: 'link' }, () => signInWith({ token }, contract, clientInfo))
  }
}
