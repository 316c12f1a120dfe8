import t, { type Test } from 'tap'
import { AuthError } from '../../../src/core/errors.js'
import { createHashingQueue } from '../../../src/core/passwords/hashing-queue.js'
import { noopNotifier } from '../../../src/core/revocations/notifier.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createPasswordChange } from '../../../src/core/passwords/password-change.js'
import { createLoginThrottle } from '../../../src/core/sign-in/login-throttle.js'
import type { Passwords } from '../../../src/core/passwords/password-hashing.js'
import { createRevocations } from '../../../src/core/revocations/revocations.js'
import type { Sessions } from '../../../src/core/sessions/sessions.js'
import { createSignIn } from '../../../src/core/sign-in/sign-in.js'
import { createSignOut } from '../../../src/core/sessions/sign-out.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

/** Passwords that are always right, while somebody else changes the hash each time before it is used. */
async function setUp (t: Test) {
  const { core, sql, config } = await buildCore(t)
  const { account, email } = await signedIn(core)
  let changes = 0
  const passwords: Passwords = {
    async verify () {
      changes += 1
      await sql`UPDATE accounts SET password_hash = ${`other ${changes}`} WHERE id = ${account.id}`
      return true
    },
    hash: async () => 'new',
    isOutdated: () => false
  }
  const gate = createHashingQueue({ concurrency: 1, queue: 1 })
  return { sql, account, email, config, gate, passwords, tries: () => changes }
}

t.test('a sign-in that loses to a change of password twice is refused', async t => {
  const { sql, email, config, gate, passwords, tries } = await setUp(t)
  const throttle = createLoginThrottle({ sql, keyring: createKeyring('x'.repeat(32)), settings: config })
  const signIn = createSignIn({ throttle, gate, passwords })
  t.equal(await outcomeOf(signIn({ email, password }, clientInfo, async () => null)), 'invalid_credentials')
  t.equal(tries(), 2)
})

t.test('a change of password that loses to another one twice is refused', async t => {
  const { sql, account, gate, passwords, tries } = await setUp(t)
  const revocations = createRevocations({ notifier: noopNotifier })
  const changePassword = createPasswordChange({ sql, gate, passwords, revocations })
  const change = { accountId: account.id, current: password, replacement: 'x', minPasswordLength: 8 }
  t.equal(await outcomeOf(changePassword({ ...change, keep: 'none' }, clientInfo)), 'wrong_password')
  t.equal(tries(), 2)
})

t.test('a sign-out that cannot be done now is not taken for done', async t => {
  const accessTokens = { read: async () => { throw new AuthError('unavailable') } }
  const signOut = createSignOut({
    keyring: createKeyring('x'.repeat(32)), accessTokens: accessTokens as never, sessions: {} as Sessions
  })
  t.equal(await outcomeOf(signOut.withAccessToken('a.b.c', clientInfo)), 'unavailable')
})
