import type { SessionContract } from '../../db/stored-values.js'
import type { Accounts, NewAccount } from '../accounts/accounts.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'

export interface SignUpNeeds {
  accounts: Pick<Accounts, 'insert'>
  start: Pick<SessionStart, 'withNewAccount'>
}

/**
 * Makes an account and its first session, both or neither.
 * @throws AuthError `email_taken`, `username_taken`, `password_unacceptable`, `password_common`, `overloaded`
 */
export function createSignUp ({ accounts, start }: SignUpNeeds) {
  return function signUp<Contract extends SessionContract> (
    account: NewAccount, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract>> {
    return accounts.insert(account, clientInfo, insertion => start.withNewAccount(insertion, contract, clientInfo))
  }
}
