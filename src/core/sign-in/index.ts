import type { Database } from '../../db/database.js'
import type { Accounts } from '../accounts/accounts.js'
import type { ChallengeMail } from '../challenges/challenge-mail.js'
import type { Keyring } from '../keys/keyring.js'
import { createOutcomes } from '../lib/outcomes.js'
import type { Mail } from '../mail/index.js'
import type { Passwords } from '../passwords/index.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Sessions } from '../sessions/index.js'
import { createAccountLookup } from './account-lookup.js'
import { createKnownDevices } from './known-devices.js'
import { createLoginThrottle, type LoginThrottleSettings } from './login-throttle.js'
import { createNewDeviceNotice } from './new-device.js'
import { createOwnerProof } from './owner-proof.js'
import { createPasswordChange } from './password-change.js'
import { createPasswordProof } from './password-proof.js'
import { createSignInRule, type EmailVerification } from './sign-in-rule.js'
import { createPasswordSignIn, type SignInOutcomes } from './sign-in.js'
import { createSignUp } from './sign-up.js'

export type { LoginThrottleSettings } from './login-throttle.js'
export type { EmailVerification } from './sign-in-rule.js'

export interface SignInNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  revocations: Pick<RevocationNotices, 'publish'>
  passwords: Passwords
  accounts: Accounts
  mail: Mail
  challengeMail: ChallengeMail
  sessions: Sessions
  limits: LoginThrottleSettings
  emailVerification: EmailVerification
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type SignIn = ReturnType<typeof createSignIn>

/** How sessions begin, with a password or with a new account; and whatever else takes a password. */
export function createSignIn (needs: SignInNeeds) {
  const { db, keyring, revocations, passwords, accounts, mail, challengeMail, sessions: { start } } = needs
  const { limits, emailVerification, now, onError } = needs
  const devices = createKnownDevices({ keyring, now })
  const lookup = createAccountLookup({ sql: db.sql, accounts })
  const throttle = createLoginThrottle({ sql: db.sql, keyring, devices, settings: limits })
  const refusalOf = createSignInRule(emailVerification)
  const newDeviceNotice = createNewDeviceNotice({ sql: db.sql, devices, mail, now })
  const proof = createPasswordProof({ lookup, throttle, passwords, onError })
  const outcomes: SignInOutcomes = createOutcomes()

  /** Also those that another process imports: until then the time of an attempt would tell that there is an account. */
  async function learnForeignHashes (): Promise<void> {
    passwords.learnForeign(await accounts.foreignHashParameters())
  }

  return {
    lookup,
    throttle,
    proof,
    proveOwner: createOwnerProof({ lookup, proof, passwords, now }),
    refusalOf,
    outcomes,
    withPassword: createPasswordSignIn({ proof, passwords, start, refusalOf, newDeviceNotice, outcomes }),
    ...createSignUp({ sql: db.sql, accounts, mail, challengeMail, start, emailVerification }),
    /** The token by which the device of an account's sign-in is recognized at the next one. */
    deviceToken: devices.issue,
    ...createPasswordChange({ db, proof, lookup, passwords, start, revocations, mail }),
    /** Reads with which costs passwords are hashed, so that none of them tells an account from none. */
    async load (): Promise<void> {
      passwords.learnCosts(await accounts.oldestHashes())
      await learnForeignHashes()
    },
    learnForeignHashes,
    cleanUp: throttle.deleteExpired,
    metrics: () => ({ signIns: outcomes.samples() })
  }
}
