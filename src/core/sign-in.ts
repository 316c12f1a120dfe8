import type { Sql } from 'postgres'
import { normalizeEmail } from './email.js'
import { AuthError } from './errors.js'
import type { HashingGate } from './hashing-gate.js'
import type { Passwords } from './passwords.js'
import type { VerifiedAccount } from './session-start.js'

export interface SignInNeeds {
  sql: Sql
  gate: HashingGate
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
 * @throws AuthError `invalid_credentials`, `overloaded` or `unavailable`
 */
export function createSignIn ({ sql, gate, passwords }: SignInNeeds) {
  async function attempt<Granted> ({ email, password }: Credentials, begin: Begin<Granted>): Promise<Granted | null> {
    const [account] = await sql<{ id: string, hash: string, disabled: boolean }[]>`
      SELECT id, password_hash AS hash, disabled_at IS NOT NULL AS disabled
      FROM accounts WHERE email = ${normalizeEmail(email)}`
    const verified = await passwords.verify(account?.hash ?? null, password)
    if (account === undefined || !verified || account.disabled) throw new AuthError('invalid_credentials')
    const renewedHash = passwords.isOutdated(account.hash) ? await passwords.hash(password, 0) : null
    return begin({ accountId: account.id, passwordHash: account.hash, renewedHash })
  }

  return async function signIn<Granted> (credentials: Credentials, begin: Begin<Granted>): Promise<Granted> {
    return gate.enter(async () => {
      // The loser of a race may be right all the same: another sign-in has renewed the hash of the same password.
      const granted = await attempt(credentials, begin) ?? await attempt(credentials, begin)
      if (granted === null) throw new AuthError('invalid_credentials')
      return granted
    })
  }
}
