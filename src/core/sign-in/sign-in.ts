import { normalizeEmail } from '../accounts/email.js'
import { AuthError } from '../errors.js'
import type { HashingQueue } from '../passwords/hashing-queue.js'
import type { LoginThrottle } from './login-throttle.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/password-hashing.js'
import type { VerifiedAccount } from '../sessions/session-start.js'

export interface SignInNeeds {
  throttle: LoginThrottle
  gate: HashingQueue
  passwords: Passwords
}

export interface Credentials {
  email: string
  password: string
}

/** Begins the session once the password is checked; `null` says that the account changed since. */
type Begin<Granted> = (verified: VerifiedAccount) => Promise<Granted | null>

export type SignIn = ReturnType<typeof createSignIn>

/**
 * Checks a password and begins a session: two round trips and one hash, also for an email nobody has. Unknown
 * email, wrong password and disabled account are one answer.
 * @throws AuthError `invalid_credentials`, `too_many_failures`, `overloaded` or `unavailable`
 */
export function createSignIn ({ throttle, gate, passwords }: SignInNeeds) {
  async function attempt<Granted> (
    { email, password }: Credentials, clientInfo: ClientInfo, begin: Begin<Granted>
  ): Promise<Granted | null> {
    const guess = await throttle.reserve(normalizeEmail(email), clientInfo.address)
    const { account } = guess
    const verified = await passwords.verify(account?.hash ?? null, password)
    if (account === null || !verified || account.disabled) {
      await throttle.failure(guess)
      throw new AuthError('invalid_credentials')
    }
    const renewedHash = passwords.isOutdated(account.hash) ? await passwords.hash(password, 0) : null
    return begin({
      accountId: account.id, passwordHash: account.hash, renewedHash, inSameStatement: throttle.success(guess)
    })
  }

  return async function signIn<Granted> (
    credentials: Credentials, clientInfo: ClientInfo, begin: Begin<Granted>
  ): Promise<Granted> {
    return gate.admit(async () => {
      // The loser of a race may be right all the same: another sign-in has renewed the hash of the same password.
      const granted = await attempt(credentials, clientInfo, begin) ?? await attempt(credentials, clientInfo, begin)
      if (granted === null) throw new AuthError('invalid_credentials')
      return granted
    })
  }
}
