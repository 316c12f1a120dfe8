import type { SessionContract } from '../../db/stored-values.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Outcomes } from '../lib/outcomes.js'
import type { Passwords } from '../passwords/index.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { NewDeviceNotice } from './new-device.js'
import type { Credentials, PasswordProof } from './password-proof.js'
import type { SignInRule } from './sign-in-rule.js'

export interface PasswordSignInNeeds {
  proof: Pick<PasswordProof, 'ofCredentials'>
  passwords: Pick<Passwords, 'admit' | 'hash' | 'isOutdated'>
  start: Pick<SessionStart, 'withVerifiedAccount'>
  /** Why an account may not sign in although it was proved to be its owner, or `null`. */
  refusalOf: SignInRule
  newDeviceNotice: NewDeviceNotice
  outcomes: SignInOutcomes
}

/** How attempts to sign in ended. */
export type SignInOutcomes = Outcomes<{ contract: SessionContract, method: 'password' | 'code' | 'link' }>

/**
 * Verifies a password and starts a session.
 * @throws AuthError `invalid_credentials`, `too_many_failures`, `overloaded` or `unavailable`; after the right password
 * `email_not_verified`, `deletion_pending`
 */
export function createPasswordSignIn (needs: PasswordSignInNeeds) {
  const { proof, passwords, start, refusalOf, newDeviceNotice, outcomes } = needs

  /** Returns `null` if the account changed between the check and the beginning of the session. */
  async function attempt<Contract extends SessionContract> (
    credentials: Credentials, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract> | null> {
    const account = await proof.ofCredentials(credentials, clientInfo)
    const refused = refusalOf(account)
    if (refused !== null) throw refused
    const { id: accountId, passwordHash } = account
    const renewedHash = passwords.isOutdated(passwordHash) ? await passwords.hash(credentials.password, 0) : null
    const after = newDeviceNotice(account, clientInfo)
    return start.withVerifiedAccount({ accountId, passwordHash, renewedHash, after }, contract, clientInfo)
  }

  return async function withPassword<Contract extends SessionContract> (
    credentials: Credentials, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract>> {
    return outcomes.of({ contract, method: 'password' }, () => passwords.admit(clientInfo.address, async () => {
      // The password may still be correct: a concurrent sign-in may have renewed its hash.
      const signedIn = await attempt(credentials, contract, clientInfo) ??
        await attempt(credentials, contract, clientInfo)
      if (signedIn === null) throw new AuthError('invalid_credentials')
      return signedIn
    }))
  }
}
