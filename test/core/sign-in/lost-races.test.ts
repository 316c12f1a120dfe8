import t, { type Test } from 'tap'
import { AuthError } from '../../../src/core/errors.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createHashingQueue } from '../../../src/core/passwords/hashing-queue.js'
import { noopNotifier } from '../../../src/core/revocations/notifier.js'
import { createRevocationNotices } from '../../../src/core/revocations/revocation-notices.js'
import { createSignOut } from '../../../src/core/sessions/sign-out.js'
import { createAccountLookup } from '../../../src/core/sign-in/account-lookup.js'
import { createLoginThrottle } from '../../../src/core/sign-in/login-throttle.js'
import { createPasswordChange } from '../../../src/core/sign-in/password-change.js'
import { createPasswordProof } from '../../../src/core/sign-in/password-proof.js'
import { createPasswordSignIn } from '../../../src/core/sign-in/sign-in.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

/** Passwords that are always right, while another process changes the hash each time before it is used. */
async function setUp (t: Test) {
  const { core, db, sql, settings } = await buildCore(t)
  const { account, email } = await signedIn(core)
  let changes = 0
  const hashing = {
    async verify () {
      changes += 1
      await sql`UPDATE accounts SET password_hash = ${`other ${changes}`} WHERE id = ${account.id}`
      return true
    },
    hash: async () => 'new',
    isOutdated: () => false,
    isVerifiable: () => true
  }
  const queue = createHashingQueue({ concurrency: 1, queue: 1 })
  const throttle = createLoginThrottle({
    sql: db.sql, keyring: createKeyring('x'.repeat(32)), devices: { recognize: () => null }, settings: settings.signIn
  })
  const lookup = createAccountLookup({ sql: db.sql, accounts: core.accounts })
  const onError = (error: unknown) => t.fail(String(error))
  const passwords = { ...hashing, admit: queue.admit }
  const proof = createPasswordProof({ lookup, throttle, passwords, onError })
  const refusalOf = () => null
  const newDeviceNotice = () => undefined
  const { outcomes } = core.signIn
  const { mail } = core
  return {
    core,
    db,
    account,
    email,
    lookup,
    throttle,
    onError,
    passwords,
    proof,
    refusalOf,
    newDeviceNotice,
    outcomes,
    mail,
    tries: () => changes
  }
}

t.test('a sign-in that loses to a change of password twice is rejected', async t => {
  const { core, email, passwords, tries, ...parts } = await setUp(t)
  const signIn = createPasswordSignIn({ ...parts, passwords, start: core.sessions.start })
  t.equal(await outcomeOf(signIn({ email, password }, 'partner', clientInfo)), 'invalid_credentials')
  t.equal(tries(), 2)
})

t.test('a change of password that loses to another one twice is rejected', async t => {
  const { core, account, tries, ...parts } = await setUp(t)
  const revocations = createRevocationNotices({ notifier: noopNotifier })
  const { changePassword } = createPasswordChange({ ...parts, start: core.sessions.start, revocations })
  const change = { accountId: account.id, current: password, replacement: 'x', minPasswordLength: 8 }
  t.equal(await outcomeOf(changePassword({ ...change, keep: 'none' }, clientInfo)), 'wrong_password')
  t.equal(tries(), 2)
})

t.test('a change of password of an account that is deleted at the same moment is rejected', async t => {
  const { core, account, ...parts } = await setUp(t)
  const proof = createPasswordProof({ ...parts, lookup: { ...parts.lookup, byId: async () => null } })
  const revocations = createRevocationNotices({ notifier: noopNotifier })
  const { changePassword } = createPasswordChange({ ...parts, start: core.sessions.start, proof, revocations })
  const change = { accountId: account.id, current: password, replacement: 'x', minPasswordLength: 8 }
  t.equal(await outcomeOf(changePassword({ ...change, keep: 'none' }, clientInfo)), 'wrong_password')
})

t.test('a sign-out that cannot be done now is not taken for done', async t => {
  const read = async () => { throw new AuthError('unavailable') }
  const signOut = createSignOut({ tokens: { access: { read } } as never, sessions: {} as never })
  t.equal(await outcomeOf(signOut.byAccessToken('a.b.c', clientInfo)), 'unavailable')
})
