import type { Pool } from '../../db/pool.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import { recordEvents } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Revocations } from '../revocations/index.js'
import type { MailRequest } from './request.js'
import { isSpent, spendChallenge } from '../challenges/challenge-statements.js'
import { greetingOf } from '../challenges/greeting.js'
import { refusedCode, refusedLink, type Presentation, type Proof } from './presentation.js'

export interface EmailVerificationNeeds {
  sql: Pool
  request: MailRequest
  presentation: Presentation
  revocations: Pick<Revocations, 'publish'>
}

const purpose = 'verify_email'

/** Lets the owner of an account prove that they read its address. */
export function createEmailVerification ({ sql, request, presentation, revocations }: EmailVerificationNeeds) {
  return {
    /** Sends a code and a link, unless the address is verified or no account has it. @throws AuthError as `request` */
    requestVerification: (email: string, clientInfo: ClientInfo): Promise<void> => request({
      purpose,
      email,
      isFor: ({ emailVerifiedAt }) => emailVerifiedAt === null,
      content: (account, secrets) => ({ kind: 'verify-email', values: { name: greetingOf(account), ...secrets } })
    }, clientInfo),

    /** @throws AuthError `invalid_code`, `invalid_link`, `too_many_failures`, `overloaded` */
    async verify (proof: Proof, clientInfo: ClientInfo): Promise<Account> {
      const { id, email, account: { id: accountId } } = await presentation.of(purpose, proof, clientInfo)
      const [row] = await sql<AccountRow[]>`
        WITH ${spendChallenge(sql, { accountId, purpose }, id)},
        account AS (
          UPDATE accounts AS account SET email_verified_at = now(), updated_at = now()
          WHERE account.id = ${accountId} AND account.email = ${email} AND ${isSpent(sql, { purpose })}
          RETURNING account.*
        ),
        changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
        record AS (${recordEvents(sql, ['email_verified'], 'changed', clientInfo)})
        SELECT ${accountColumns(sql)} FROM account`
      if (row === undefined) throw usedMeanwhile(proof)
      revocations.publish({ accountId })
      return toAccount(row)
    }
  }
}

/** Another request was quicker. */
export function usedMeanwhile (proof: Proof | { code: string }) {
  return 'token' in proof ? refusedLink('token_used') : refusedCode('code_used')
}
