import { randomUUID } from 'node:crypto'
import argon2 from 'argon2'
import t, { type Test } from 'tap'
import type { Overrides } from '../../support/settings.js'
import { AuthError } from '../../../src/core/errors.js'
import type { Core } from '../../../src/core/index.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createLoginThrottleStatements } from '../../../src/core/sign-in/login-throttle-statements.js'
import { createLoginThrottle } from '../../../src/core/sign-in/login-throttle.js'
import { rejectionOf, password, signedIn } from '../../support/accounts.js'
import { secondCore } from '../../support/second-core.js'
import { buildCore } from '../../support/build.js'

const limits = {
  signIn: { maxFailures: 10, maxFailuresPerAccount: 100, maxFailuresPerAddress: 100, failureWindow: 900 },
  passwords: { queue: 1_000 }
}

async function setUp (t: Test, settings: Overrides = {}) {
  const backend = await buildCore(t, { ownDatabase: true, settings: { ...limits, ...settings } })
  const { core, sql } = backend
  const who = await signedIn(core)
  return {
    ...backend,
    who,
    /** What an attempt comes to: `in`, or the code of the refusal. */
    attempt: (given: string, address: string, email = who.email, by: Core = core) => outcome(by, email, given, address),
    /** Lets time pass for the database. */
    age: (interval: string) => sql`
      UPDATE login_throttle SET ends_at = ends_at - ${interval}::text::interval, guesses = ARRAY(
        SELECT began - ${interval}::text::interval FROM unnest(guesses) AS began)`
  }
}

async function outcome (core: Core, email: string, given: string, address: string): Promise<string> {
  try {
    await core.signIn.withPassword({ email, password: given }, 'partner', { address, userAgent: null })
    return 'in'
  } catch (error) {
    if (error instanceof AuthError) return error.code
    throw error
  }
}

/** How many passwords are compared from now on. */
function countedGuesses (t: Test): () => number {
  const { verify } = argon2
  let count = 0
  Object.assign(argon2, {
    verify: (...all: Parameters<typeof verify>) => {
      count += 1
      return verify(...all)
    }
  })
  t.teardown(() => Object.assign(argon2, { verify }))
  return () => count
}

t.test('after ten failures from one address the right password does not help there, and elsewhere it does', async t => {
  const { attempt, age, core, who } = await setUp(t)
  for (let n = 0; n < 10; n += 1) t.equal(await attempt('wrong', '198.51.100.1'), 'invalid_credentials')
  const refusal: unknown = await core.signIn.withPassword({ email: who.email, password }, 'partner', {
    address: '198.51.100.1', userAgent: null
  }).catch((error: unknown) => error)
  t.match(refusal, { code: 'too_many_failures', retryAfter: Number })
  const { retryAfter = 0 } = refusal as AuthError
  t.ok(retryAfter > 890 && retryAfter <= 900, String(retryAfter))
  t.equal(await attempt(password, '198.51.100.2'), 'in')
  t.equal(await rejectionOf(core, who.accessToken), null, 'live sessions are not touched')
  await age('14 minutes')
  t.equal(await attempt(password, '198.51.100.1'), 'too_many_failures')
  await age('2 minutes')
  t.equal(await attempt(password, '198.51.100.1'), 'in')
})

t.test('the same for an email without an account', async t => {
  const { attempt } = await setUp(t)
  const email = `${randomUUID()}@example.com`
  for (let n = 0; n < 10; n += 1) t.equal(await attempt('wrong', '198.51.100.1', email), 'invalid_credentials')
  t.equal(await attempt('wrong', '198.51.100.1', email), 'too_many_failures')
})

t.test('the right password forgives the failures before it', async t => {
  const { attempt } = await setUp(t)
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 9; n += 1) t.equal(await attempt('wrong', '198.51.100.1'), 'invalid_credentials')
    t.equal(await attempt(password, '198.51.100.1'), 'in')
  }
})

t.test('of 500 guesses at once, on two instances, ten are evaluated', async t => {
  const { core, settings, who, attempt } = await setUp(t)
  const other = await secondCore(t, settings)
  const guesses = countedGuesses(t)
  const outcomes = await Promise.all(Array.from({ length: 500 }, (_, n) =>
    attempt('wrong', '198.51.100.1', who.email, n % 2 === 0 ? core : other)))
  t.ok(guesses() <= 10, `${guesses()} evaluated`)
  t.equal(outcomes.filter(outcome => outcome === 'invalid_credentials').length, guesses())
  t.notOk(outcomes.includes('in'))
  t.equal(await attempt('wrong', '198.51.100.1'), guesses() < 10 ? 'invalid_credentials' : 'too_many_failures')
})

t.test('a right password is never refused for its own retries', async t => {
  const { attempt } = await setUp(t)
  const outcomes = await Promise.all(Array.from({ length: 60 }, () => attempt(password, '198.51.100.1')))
  t.ok(outcomes.includes('in'))
  t.notOk(outcomes.includes('too_many_failures'))
  t.equal(await attempt(password, '198.51.100.1'), 'in', 'all guesses were given back')
})

t.test('strangers from everywhere lock strangers out, and not the owner where they are signed in', async t => {
  const { attempt, core, who } = await setUp(t, { signIn: { maxFailuresPerAccount: 20 } })
  const home = '2001:db8:1:2::1'
  t.equal(await attempt(password, home), 'in')
  for (let n = 1; n <= 20; n += 1) t.equal(await attempt('wrong', `198.51.100.${n}`), 'invalid_credentials')
  t.equal(await attempt('wrong', '203.0.113.1'), 'too_many_failures')
  t.equal(await attempt(password, '203.0.113.2'), 'too_many_failures', 'not told apart from a wrong one')
  t.equal(await attempt(password, home), 'in')
  t.equal(await attempt(password, '2001:db8:1:2:ffff::9'), 'in', 'the same network')
  await core.sessions.endAll(who.account.id, 'revoked', { address: null, userAgent: null })
  t.equal(await attempt(password, home), 'too_many_failures', 'a session that has ended is no home')
})

t.test('an address that tries many accounts is refused for all of them', async t => {
  const { attempt } = await setUp(t, { signIn: { maxFailuresPerAddress: 15 } })
  for (let n = 0; n < 15; n += 1) {
    t.equal(await attempt('wrong', '198.51.100.1', `${n}@example.com`), 'invalid_credentials')
  }
  t.equal(await attempt(password, '198.51.100.1'), 'too_many_failures')
  t.equal(await attempt(password, '::ffff:198.51.100.1'), 'too_many_failures', 'the same address in other clothes')
  t.equal(await attempt(password, '198.51.100.2'), 'in')
})

t.test('an IPv6 address counts with its /64', async t => {
  const { attempt } = await setUp(t)
  for (let n = 0; n < 10; n += 1) t.equal(await attempt('wrong', `2001:db8:a:b::${n}`), 'invalid_credentials')
  t.equal(await attempt('wrong', '2001:db8:a:b:c:d:e:f'), 'too_many_failures')
  t.equal(await attempt('wrong', '2001:db8:a:c::1'), 'invalid_credentials')
})

t.test('subnets of one customer count together too: a /56 twice as many failures, a /48 four times', async t => {
  const { attempt, who } = await setUp(t, { signIn: { maxFailures: 3, maxFailuresPerAddress: 5 } })
  for (let n = 0; n < 6; n += 1) t.equal(await attempt('wrong', `2001:db8:a:${n}::1`), 'invalid_credentials')
  t.equal(await attempt(password, '2001:db8:a:ff::1'), 'too_many_failures', 'another subnet of the /56')
  for (let n = 1; n <= 6; n += 1) t.equal(await attempt('wrong', `2001:db8:a:${n}00::1`), 'invalid_credentials')
  t.equal(await attempt(password, '2001:db8:a:ff00::1'), 'too_many_failures', 'another subnet of the /48')
  t.equal(await attempt(password, '2001:db8:b::1'), 'in', 'another customer')

  for (let n = 0; n < 20; n += 1) {
    const address = `2001:db8:c:${n.toString(16)}00::1`
    t.equal(await attempt('wrong', address, `${n}@example.com`), 'invalid_credentials', 'many accounts')
  }
  t.equal(await attempt(password, '2001:db8:c:ffff::1', who.email), 'too_many_failures')
})

t.test('a device that signed in before is not locked out by strangers or neighbours, only by itself', async t => {
  const { core, who, attempt } = await setUp(t, {
    signIn: { maxFailures: 10, maxFailuresPerAccount: 12, maxFailuresPerAddress: 15 }
  })
  const address = '198.51.100.1'
  const deviceToken = core.signIn.deviceToken(who.email)
  const onDevice = (given: string, email = who.email, token = deviceToken) => core.signIn
    .withPassword({ email, password: given }, 'partner', { address, userAgent: null, deviceToken: token })
    .then(() => 'in', (error: AuthError) => error.code)
  for (let n = 0; n < 15; n += 1) await attempt('wrong', address, `${n}@example.com`)
  for (let n = 0; n < 12; n += 1) await attempt('wrong', `203.0.113.${n}`)
  t.equal(await attempt(password, address), 'too_many_failures', 'the network is full')
  t.equal(await attempt(password, '192.0.2.99'), 'too_many_failures', 'so are all strangers')
  t.equal(await onDevice(password), 'in')
  t.equal(await onDevice(password, 'other@example.com'), 'too_many_failures', 'of no other account')
  t.equal(await onDevice(password, who.email, core.signIn.deviceToken('other@example.com')), 'too_many_failures')

  for (let n = 0; n < 10; n += 1) t.equal(await onDevice('wrong'), 'invalid_credentials')
  t.equal(await onDevice(password), 'too_many_failures')
  t.equal(await onDevice(password, who.email, core.signIn.deviceToken(who.email)), 'in', 'another device of the owner')
})

t.test('a lock-out is on record once, when it begins', async t => {
  const { attempt, sql, who } = await setUp(t, { signIn: { maxFailures: 3 } })
  for (let n = 0; n < 6; n += 1) await attempt('wrong', '198.51.100.1')
  const events = await sql<{ event: string, address: string }[]>`
    SELECT event, address FROM audit_events WHERE account_id = ${who.account.id} AND event LIKE 'sign_in_%' ORDER BY at`
  t.same(events.map(({ event }) => event).sort(), [...Array<string>(3).fill('sign_in_failed'), 'sign_in_locked'])
  t.same(new Set(events.map(({ address }) => address)), new Set(['198.51.100.1']))
})

t.test('of two guesses in the same microsecond, one that ends leaves the other in flight', async t => {
  const { attempt, db, sql } = await setUp(t)
  t.equal(await attempt('wrong', '198.51.100.1'), 'invalid_credentials')
  const startedAt = '2999-01-01 00:00:00+00'
  const rows = await sql<{ key: string }[]>`
    UPDATE login_throttle SET guesses = array_fill(${startedAt}::timestamptz, ARRAY[2]) RETURNING key`
  await createLoginThrottleStatements(db.sql).release(rows.map(({ key }) => key), startedAt, [])
  const left = await sql<{ count: number }[]>`SELECT cardinality(guesses) AS count FROM login_throttle`
  t.same(left.map(({ count }) => count), rows.map(() => 1))
})

t.test('a guess whose process died is given back after a minute, each by itself', async t => {
  const { attempt, sql, age } = await setUp(t)
  t.equal(await attempt('wrong', '198.51.100.1'), 'invalid_credentials')
  await sql`UPDATE login_throttle SET guesses = array_fill(now(), ARRAY[9])`
  t.equal(await attempt(password, '198.51.100.1'), 'overloaded')
  await age('61 seconds')
  t.equal(await attempt(password, '198.51.100.1'), 'in')
})

t.test('what counts no more is forgotten, and what still counts is kept', async t => {
  const { attempt, sql, db, settings, age } = await setUp(t)
  await attempt('wrong', '198.51.100.1')
  await age('16 minutes')
  await attempt('wrong', '198.51.100.2')
  const names = async () => (await sql`SELECT key FROM login_throttle`).length
  t.equal(await names(), 7)
  await createLoginThrottle({
    sql: db.sql,
    keyring: createKeyring('x'.repeat(32)),
    devices: { recognize: () => null },
    settings: settings.signIn
  }).deleteExpired()
  t.equal(await names(), 3)
  t.notMatch(JSON.stringify(await sql`SELECT key FROM login_throttle`), /example|198/, 'no name tells whose it is')
})
