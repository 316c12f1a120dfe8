import type { Fragment, Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import type { Account } from '../accounts/account.js'
import type { Accounts, Insertion, NewAccount } from '../accounts/accounts.js'
import { normalizeEmail } from '../accounts/email.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import { greetingOf } from '../challenges/greeting.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Mail } from '../mail/index.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { EmailVerification } from './sign-in-rule.js'

export interface SignUpNeeds {
  sql: Pool
  accounts: Pick<Accounts, 'insert' | 'register' | 'holderOf'>
  mail: Pick<Mail, 'isAvailable' | 'requireAvailable' | 'limits' | 'insertion' | 'delivery'>
  challengeMail: ChallengeMail
  start: Pick<SessionStart, 'withNewAccount'>
  emailVerification: EmailVerification
}

/** How people make an account of their own. The mail that confirms its address is stored with it. */
export function createSignUp (needs: SignUpNeeds) {
  const { sql, accounts, mail, challengeMail, start, emailVerification } = needs

  /** Definitions of CTEs that mail a code and a link for the account of the CTE `account`. */
  function verification (given: string, { accountId }: Insertion): Fragment {
    const email = normalizeEmail(given)
    const name = greetingOf({ email, name: null, username: null, emailVerifiedAt: null })
    return sql`
      unverified AS (SELECT account.id AS account_id, account.epoch FROM account),
      ${challengeMail.insertion({
        purpose: 'verify_email',
        accountId,
        email,
        recipient: email,
        content: secrets => ({ kind: 'verify-email', values: { name, ...secrets } })
      }, 'unverified')}`
  }

  async function makeUnverified (account: NewAccount, clientInfo: ClientInfo): Promise<Account> {
    mail.requireAvailable()
    const made = await accounts.register(account, clientInfo, insertion => verification(account.email, insertion))
    mail.delivery.wake()
    return made
  }

  /** Mails the owner of an address that it has an account already. */
  async function mailTaken (given: string): Promise<void> {
    const email = normalizeEmail(given)
    const holder = await accounts.holderOf(email)
    if (holder === null || !await mail.limits.admitAddress(email, 'sign_up')) return
    await sql`
      WITH holder AS (SELECT ${holder}::uuid AS account_id),
      taken AS (${mail.insertion({ content: { kind: 'address-taken', values: {} }, recipient: email }, 'holder')})
      SELECT account_id FROM holder`
    mail.delivery.wake()
  }

  return {
    /**
     * Makes an account and its first session, both or neither. Contract `account` mails the code that confirms the
     * address, if there is anywhere to mail to.
     * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`;
     * where addresses must be confirmed first, `mail_unavailable`, or `email_not_verified` once the account is made
     */
    async signUp<Contract extends SessionContract> (
      this: void, account: NewAccount, contract: Contract, clientInfo: ClientInfo
    ): Promise<SignedIn<Contract>> {
      if (emailVerification === 'required') {
        await makeUnverified(account, clientInfo)
        throw new AuthError('email_not_verified')
      }
      const isMailed = emailVerification === 'record' && contract === 'account' && mail.isAvailable
      const signedIn = await accounts.insert(account, clientInfo, insertion => start.withNewAccount(
        insertion, contract, clientInfo, isMailed ? verification(account.email, insertion) : undefined))
      if (isMailed) mail.delivery.wake()
      return signedIn
    },

    /**
     * Makes an account without a session, and where addresses must be confirmed first, mails the code.
     * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`,
     * `mail_unavailable`
     */
    register: (account: NewAccount, clientInfo: ClientInfo): Promise<Account> => emailVerification === 'required'
      ? makeUnverified(account, clientInfo)
      : accounts.register(account, clientInfo),

    /**
     * The same as `signUp` where addresses must be confirmed first, without saying whether an account has the address:
     * its owner gets a mail that does.
     * @throws AuthError as `signUp`, without `email_taken` and `email_not_verified`
     */
    async signUpUnseen (this: void, account: NewAccount, clientInfo: ClientInfo): Promise<void> {
      try {
        await makeUnverified(account, clientInfo)
      } catch (error) {
        if ((error as AuthError).code !== 'email_taken') throw error
        await mailTaken(account.email)
      }
    },

    /** Whether a new account signs in at once. */
    signsInAtOnce: emailVerification !== 'required'
  }
}
