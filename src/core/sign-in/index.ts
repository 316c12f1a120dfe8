import type { Database } from '../../db/client.js'
import type { Accounts } from '../accounts/accounts.js'
import type { Keyring } from '../keys/keyring.js'
import type { Passwords } from '../passwords/index.js'
import type { Sessions } from '../sessions/index.js'
import { createLoginThrottle, type LoginThrottleSettings } from './login-throttle.js'
import { createPasswordSignIn } from './sign-in.js'
import { createSignUp } from './sign-up.js'

export type { LoginThrottleSettings } from './login-throttle.js'

export interface SignInNeeds {
  db: Pick<Database, 'sql'>
  keyring: Keyring
  passwords: Passwords
  accounts: Accounts
  sessions: Sessions
  limits: LoginThrottleSettings
}

export type SignIn = ReturnType<typeof createSignIn>

/** How sessions begin: with a password, or with a new account. */
export function createSignIn ({ db: { sql }, keyring, passwords, accounts, sessions: { start }, limits }: SignInNeeds) {
  const throttle = createLoginThrottle({ sql, keyring, settings: limits })
  return {
    withPassword: createPasswordSignIn({ throttle, passwords, start }),
    signUp: createSignUp({ accounts, start }),
    cleanUp: throttle.deleteExpired
  }
}
