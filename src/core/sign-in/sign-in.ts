import type { SessionContract } from '../../db/stored-values.js'
import { normalizeEmail } from '../accounts/email.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import type { SessionStart, SignedIn } from '../sessions/session-start.js'
import type { AccountLookup } from './account-lookup.js'
import type { LoginThrottle } from './login-throttle.js'

export interface PasswordSignInNeeds {
  lookup: Pick<AccountLookup, 'byEmail'>
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  passwords: Pick<Passwords, 'admit' | 'verify' | 'hash' | 'isOutdated' | 'isVerifiable'>
  start: Pick<SessionStart, 'withVerifiedAccount'>
  /** Receives what an operator must know and the client must not. */
  onError: (error: unknown) => void
}

export interface Credentials {
  email: string
  password: string
}

/**
 * Verifies a password and starts a session: the same statements and one hash, also for an unknown email. Unknown email,
 * wrong password and disabled account get the same response.
 * @throws AuthError `invalid_credentials`, `too_many_failures`, `overloaded` or `unavailable`
 */
export function createPasswordSignIn ({ lookup, throttle, passwords, start, onError }: PasswordSignInNeeds) {
  /** Returns `null` if the account changed between the check and the beginning of the session. */
  async function attempt<Contract extends SessionContract> (
    { email, password }: Credentials, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract> | null> {
    const account = await lookup.byEmail(email, clientInfo)
    const reserved = await throttle.reserve(normalizeEmail(email), account?.isKnownNetwork ?? false, clientInfo)
    const isVerified = await passwords.verify(account?.passwordHash ?? null, password)
    if (account === null || !isVerified || account.isDisabled) {
      if (account !== null && !passwords.isVerifiable(account.passwordHash)) onError(unverifiable(account.id))
      await throttle.failure(reserved, account?.id ?? null, { event: 'sign_in_failed', address: clientInfo.address })
      throw new AuthError('invalid_credentials')
    }
    const { id: accountId, passwordHash } = account
    const renewedHash = passwords.isOutdated(passwordHash) ? await passwords.hash(password, 0) : null
    const signedIn = await start.withVerifiedAccount({ accountId, passwordHash, renewedHash }, contract, clientInfo)
    // The session has begun: an attempt that cannot be removed now lapses by itself.
    await throttle.success(reserved).catch(onError)
    return signedIn
  }

  return async function withPassword<Contract extends SessionContract> (
    credentials: Credentials, contract: Contract, clientInfo: ClientInfo
  ): Promise<SignedIn<Contract>> {
    return passwords.admit(clientInfo.address, async () => {
      // The password may still be correct: a concurrent sign-in may have renewed its hash.
      const signedIn = await attempt(credentials, contract, clientInfo) ??
        await attempt(credentials, contract, clientInfo)
      if (signedIn === null) throw new AuthError('invalid_credentials')
      return signedIn
    })
  }
}

function unverifiable (accountId: string): Error {
  return new Error(`the password hash of account ${accountId} is not argon2: no password matches it`)
}
