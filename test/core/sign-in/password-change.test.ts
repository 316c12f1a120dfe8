import t, { type Test } from 'tap'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const limits = { maxFailures: 3, maxFailuresPerAccount: 5, maxFailuresPerAddress: 100 }

async function setUp (t: Test) {
  const { core, sql } = await buildCore(t, { settings: { signIn: limits } })
  const { account, email } = await signedIn(core)
  const change = { accountId: account.id, replacement: 'another password', minPasswordLength: 8, keep: 'all' as const }
  return {
    core,
    /** The outcome of a change, from an address. */
    changed: (current: string, address = clientInfo.address, replacement = change.replacement) =>
      outcomeOf(core.signIn.changePassword({ ...change, current, replacement }, { ...clientInfo, address })),
    signedIn: (address = clientInfo.address) =>
      outcomeOf(core.signIn.withPassword({ email, password }, 'partner', { ...clientInfo, address })),
    events: async (accountId = account.id) => (await sql<{ event: string, address: string }[]>`
      SELECT event, address FROM audit_events
      WHERE account_id = ${accountId} AND event LIKE '%failed' ORDER BY at`)
  }
}

t.test('the current password is guessed no more often than at sign-in, and the failures count together', async t => {
  const { changed, signedIn } = await setUp(t)
  const stranger = '198.51.100.7'
  for (let guess = 0; guess < limits.maxFailures; guess += 1) {
    t.equal(await changed('a guess', stranger), 'wrong_password')
  }
  t.equal(await changed(password, stranger), 'too_many_failures', 'the right one is not even checked')
  t.equal(await signedIn(stranger), 'too_many_failures')
  t.equal(await changed(password), 'granted', 'the owner is not locked out')
})

t.test('guesses at the same moment are limited too', async t => {
  const { changed } = await setUp(t)
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, guess) => changed(`guess ${guess}`)))
  t.equal(outcomes.filter(outcome => outcome === 'wrong_password').length, limits.maxFailures)
})

t.test('the right password forgives the failures before it, also when the new one is not acceptable', async t => {
  const { changed } = await setUp(t)
  for (let round = 0; round < 3; round += 1) {
    t.equal(await changed('a guess'), 'wrong_password')
    t.equal(await changed('a guess'), 'wrong_password')
    t.equal(await changed(password, clientInfo.address, 'short'), 'password_unacceptable')
  }
})

t.test('failures are on record: of the account, or of none where no account has the email', async t => {
  const { core, changed, events } = await setUp(t)
  const { address } = clientInfo
  await changed('a guess')
  t.same(await events(), [{ event: 'password_change_failed', address }])

  const { account, email } = await signedIn(core)
  const credentials = { email, password: 'a guess' }
  t.equal(await outcomeOf(core.signIn.withPassword(credentials, 'partner', clientInfo)), 'invalid_credentials')
  t.same(await events(account.id), [{ event: 'sign_in_failed', address }])

  const unknown = { email: 'nobody-has-this@example.com', password }
  t.equal(await outcomeOf(core.signIn.withPassword(unknown, 'partner', clientInfo)), 'invalid_credentials')
  t.same(await events('00000000-0000-0000-0000-000000000000'), [{ event: 'sign_in_failed', address }])
})

t.test('failures with an email that no account has tell one email from another, and not which', async t => {
  const { core } = await buildCore(t, { ownDatabase: true })
  const fail = (email: string) => outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo))
  const { email: known } = await signedIn(core)
  for (const email of ['one@example.com', 'ONE@example.com', 'two@example.com']) await fail(email)
  await outcomeOf(core.signIn.withPassword({ email: known, password: 'a guess' }, 'partner', clientInfo))
  const { records } = await core.audit.page({ event: 'sign_in_failed', limit: 10 })
  const [ofKnown, two, one, first] = records.map(({ subject }) => subject)
  t.equal(ofKnown, null)
  t.match(first, /^email:[\w-]{43}$/)
  t.equal(first, one)
  t.not(one, two)
})
