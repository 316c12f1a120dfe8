import type { Sql } from 'postgres'
import { normalizeEmail } from './email.js'
import { AuthError } from './errors.js'
import type { Grant } from './grants.js'
import type { HashingGate } from './hashing-gate.js'
import type { Origin } from './origin.js'
import type { Passwords } from './passwords.js'
import type { Sessions } from './sessions.js'

export interface SignInNeeds {
  sql: Sql
  gate: HashingGate
  passwords: Passwords
  sessions: Sessions
}

export interface Credentials {
  email: string
  password: string
}

export type SignIn = ReturnType<typeof createSignIn>

/**
 * Checks a password and begins a session: two round trips and one hash, also for an email nobody has. Unknown
 * email, wrong password and disabled account are one answer.
 * @throws AuthError `invalid_credentials`, `overloaded` or `unavailable`
 */
export function createSignIn ({ sql, gate, passwords, sessions }: SignInNeeds) {
  /** Returns `null` when the account changed between the check and the session. */
  async function attempt ({ email, password }: Credentials, contract: string, origin: Origin): Promise<Grant | null> {
    const [account] = await sql<{ id: string, hash: string, disabled: boolean }[]>`
      SELECT id, password_hash AS hash, disabled_at IS NOT NULL AS disabled
      FROM accounts WHERE email = ${normalizeEmail(email)}`
    const verified = await passwords.verify(account?.hash ?? null, password)
    if (account === undefined || !verified || account.disabled) throw new AuthError('invalid_credentials')
    const renewedHash = passwords.isOutdated(account.hash) ? await passwords.hash(password, 0) : null
    return sessions.start({ accountId: account.id, passwordHash: account.hash, renewedHash }, contract, origin)
  }

  return async function signIn (credentials: Credentials, contract: string, origin: Origin): Promise<Grant> {
    return gate.enter(async () => {
      // The loser of a race may be right all the same: another sign-in has renewed the hash of the same password.
      const grant = await attempt(credentials, contract, origin) ?? await attempt(credentials, contract, origin)
      if (grant === null) throw new AuthError('invalid_credentials')
      return grant
    })
  }
}
