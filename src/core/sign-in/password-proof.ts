import { normalizeEmail } from '../accounts/email.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import type { AccountLookup, LookedUpRow } from './account-lookup.js'
import type { LoginThrottle } from './login-throttle.js'

export interface PasswordProofNeeds {
  lookup: AccountLookup
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  passwords: Pick<Passwords, 'verify' | 'isVerifiable'>
  /** Receives what an operator must know and the client must not. */
  onError: (error: unknown) => void
}

export interface Credentials {
  email: string
  password: string
}

export type PasswordProof = ReturnType<typeof createPasswordProof>

/** Verifies passwords within the limits of the login throttle. To be called within `passwords.admit`. */
export function createPasswordProof ({ lookup, throttle, passwords, onError }: PasswordProofNeeds) {
  return {
    /**
     * Of a person who signs in: the same statements and one hash, also for an unknown email. Unknown email, wrong
     * password and disabled account are refused alike.
     * @returns the account as it was
     * @throws AuthError `invalid_credentials`, `too_many_failures`, `overloaded`
     */
    async ofCredentials (
      this: void, { email, password }: Credentials, clientInfo: ClientInfo
    ): Promise<LookedUpRow> {
      const account = await lookup.byEmail(email, clientInfo)
      const reserved = await throttle.reserve(normalizeEmail(email), account?.isKnownNetwork ?? false, clientInfo)
      const isVerified = await passwords.verify(account?.passwordHash ?? null, password)
      if (account === null || !isVerified || account.isDisabled) {
        if (account !== null && !passwords.isVerifiable(account.passwordHash)) onError(unverifiable(account.id))
        await throttle.failure(reserved, account?.id ?? null, { event: 'sign_in_failed', address: clientInfo.address })
        throw new AuthError('invalid_credentials')
      }
      // An attempt that cannot be removed now lapses by itself.
      await throttle.success(reserved).catch(onError)
      return account
    },

    /**
     * Of a person who is signed in, before what a stolen access token must not do. A wrong one counts as a failed
     * sign-in: an access token must not be worth more guesses (OWASP ASVS 6.3.4).
     * @returns the account as it was
     * @throws AuthError `wrong_password`, `too_many_failures`, `overloaded`
     */
    async ofAccount (
      this: void, accountId: string, password: string, clientInfo: ClientInfo
    ): Promise<LookedUpRow> {
      const account = await lookup.byId(accountId, clientInfo)
      if (account === null) throw new AuthError('wrong_password')
      const reserved = await throttle.reserve(account.email, account.isKnownNetwork, clientInfo)
      const isVerified = await passwords.verify(account.passwordHash, password)
      if (!isVerified || account.isDisabled) {
        await throttle.failure(
          reserved, account.id, { event: 'password_change_failed', address: clientInfo.address })
        throw new AuthError('wrong_password')
      }
      await throttle.success(reserved).catch(onError)
      return account
    }
  }
}

function unverifiable (accountId: string): Error {
  return new Error(`the password hash of account ${accountId} is of no known form: no password matches it`)
}
