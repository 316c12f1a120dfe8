import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Core } from '../../../src/core/index.js'
import { isYoung } from '../../../src/core/accounts/identifiers.js'
import { clientInfo, password } from '../../support/accounts.js'
import { build, buildCore, databases, type BuildOptions } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { secondCore } from '../../support/second-core.js'
import { isOnCitus } from '../../support/test-database.js'
import { outcomeOf } from '../../support/refusal.js'
import { isLockAwaited } from '../../support/lock-waits.js'
import { until } from '../../support/until.js'

interface Names {
  email?: string
  username?: string
}

const newEmail = () => `${randomUUID()}@example.com`

const register = (core: Core, { email = newEmail(), username }: Names) =>
  core.accounts.register({ email, username, password, minPasswordLength: 8 }, clientInfo)

const signUp = (core: Core, { email = newEmail(), username }: Names) =>
  core.signIn.signUp({ email, username, password, minPasswordLength: 8 }, 'spa', clientInfo)

for (const database of databases) {
  t.test(`of many who sign up with one email or username, in two processes, one gets it, on ${database}`, async t => {
    const { settings } = await build(t, { database })
    const cores = [await secondCore(t, settings), await secondCore(t, settings)]
    for (const names of [{ email: newEmail() }, { username: `Ann_${randomUUID()}` }]) {
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) =>
        outcomeOf((n % 3 === 0 ? signUp : register)(cores[n % 2] as Core, names))))
      t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
      t.equal(outcomes.filter(outcome => /^(email|username)_taken$/.test(outcome)).length, 19)
    }
  })
}

async function setUp (t: Test, options: BuildOptions = {}) {
  const built = await buildCore(t, options)
  const { sql } = built
  return {
    ...built,
    /** A claim for an account that never came. */
    claim: async (kind: string, value: string, seconds: number) => {
      await sql`INSERT INTO account_identifiers (kind, value, account_id) VALUES (${kind}, ${value}, ${randomUUID()})`
      await sql`
        UPDATE account_identifiers SET claimed_at = ${earlier(sql, 'claimed_at', seconds)}
        WHERE kind = ${kind} AND value = ${value}`
    },
    claimsOf: async (accountId: string) => (await sql<{ kind: string, value: string }[]>`
      SELECT kind, value FROM account_identifiers WHERE account_id = ${accountId} ORDER BY kind`)
      .map(({ kind, value }) => `${kind} ${value}`)
  }
}

t.test('a claim whose account never came is respected for a minute, then taken over, by one', async t => {
  const { core, claim } = await setUp(t)
  const [young, old] = [newEmail(), newEmail()]
  await claim('email', young, 50)
  t.equal(await outcomeOf(register(core, { email: young })), 'email_taken')
  await claim('email', old, 70)
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => outcomeOf(register(core, { email: old }))))
  t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
  t.equal(outcomes.filter(outcome => outcome === 'email_taken').length, 9)
  t.ok(await core.accounts.findByEmail(old))
})

t.test('of two who take over one claim, the second to come is refused', async t => {
  const { core, claim, sql } = await setUp(t, { ownDatabase: true })
  const email = newEmail()
  await claim('email', email, 70)
  const first = await sql.reserve()
  await first`BEGIN`
  // Locked and not changed yet: the second still finds the dead claim, and then waits to take it over.
  await first`SELECT FROM account_identifiers WHERE kind = 'email' AND value = ${email} FOR UPDATE`
  const second = outcomeOf(register(core, { email }))
  await until('the second waits', () => isLockAwaited(sql))
  await first`
    UPDATE account_identifiers SET account_id = ${randomUUID()}, claimed_at = now()
    WHERE kind = 'email' AND value = ${email}`
  await first`COMMIT`
  first.release()
  t.equal(await second, 'email_taken')
})

t.test('an old claim of an account that has the identifier is never taken over', async t => {
  const { core, sql } = await setUp(t)
  const names = { email: newEmail(), username: `Bob_${randomUUID()}` }
  const { id } = await register(core, names)
  await sql`
    UPDATE account_identifiers SET claimed_at = ${earlier(sql, 'claimed_at', 86_400)} WHERE account_id = ${id}`
  t.equal(await outcomeOf(register(core, { email: names.email })), 'email_taken')
  t.equal(await outcomeOf(register(core, { username: names.username.toUpperCase() })), 'username_taken')
})

t.test('a claim of an address that its account no longer has admits no sign-in, and can be taken over', async t => {
  const { core, claim, sql } = await setUp(t)
  const [email, given] = [newEmail(), newEmail()]
  const { id } = await register(core, { email })
  await claim('email', given, 70)
  await sql`UPDATE account_identifiers SET account_id = ${id} WHERE kind = 'email' AND value = ${given}`
  t.equal(await core.accounts.findByEmail(given), null)
  const signIn = core.signIn.withPassword({ email: given, password }, 'spa', clientInfo)
  t.equal(await outcomeOf(signIn), 'invalid_credentials')
  t.equal(await outcomeOf(core.accounts.disable(given, clientInfo)), 'not_found')
  t.equal(await outcomeOf(register(core, { email: given })), 'granted')
})

t.test('a refused sign-up keeps no claim', async t => {
  const { core } = await setUp(t)
  const username = `Eve_${randomUUID()}`
  await register(core, { username })
  const email = newEmail()
  t.equal(await outcomeOf(register(core, { email, username })), 'username_taken')
  t.equal(await outcomeOf(register(core, { email })), 'granted')
})

t.test('an account holds its identifiers, and frees them when it is deleted', async t => {
  const { core, claimsOf } = await setUp(t)
  const names = { email: newEmail(), username: `Dan_${randomUUID()}` }
  const { id } = await register(core, names)
  t.same(await claimsOf(id), [`email ${names.email}`, `username ${names.username.toLowerCase()}`])
  await core.accounts.delete(names.email, clientInfo)
  t.same(await claimsOf(id), [])
  t.equal(await outcomeOf(register(core, names)), 'granted')
})

t.test('an account is made only while its claims are young', async t => {
  const { core, db: { sql } } = await setUp(t)
  const isMade = async (claimedSecondsAgo: number) => {
    const claimedAt = new Date(Date.now() - claimedSecondsAgo * 1000)
    return (await sql`SELECT WHERE ${isYoung(sql, { claimedAt })}`).length === 1
  }
  t.equal(await isMade(25), true)
  t.equal(await isMade(35), false)
  const account = { email: newEmail(), password, minPasswordLength: 8 }
  t.equal(await outcomeOf(core.accounts.insert(account, clientInfo, async () => null)), 'unavailable')
})

t.test('a sign-up whose account is not made is answered that it cannot be done now', { skip: isOnCitus }, async t => {
  const { core, sql } = await setUp(t, { ownDatabase: true })
  await sql.unsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER refuse BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION refuse()`).simple()
  t.equal(await outcomeOf(register(core, {})), 'unavailable')
  t.equal(await outcomeOf(signUp(core, {})), 'unavailable')
})

const besideOld = { skip: isOnCitus && 'a database is distributed when no process of version 0.1 is left' }

t.test('what version 0.1 writes beside holds its identifiers too', besideOld, async t => {
  const { core, claim, claimsOf, sql } = await setUp(t)
  const insert = (id: string, email: string, username: string | null = null) =>
    sql`INSERT INTO accounts (id, email, username, password_hash) VALUES (${id}, ${email}, ${username}, 'x')`

  const [id, email, username] = [randomUUID(), newEmail(), `Old_${randomUUID()}`]
  await insert(id, email, username)
  t.same(await claimsOf(id), [`email ${email}`, `username ${username.toLowerCase()}`])
  t.equal(await outcomeOf(register(core, { email })), 'email_taken')
  t.equal(await outcomeOf(register(core, { username })), 'username_taken')

  const [young, old] = [newEmail(), newEmail()]
  await claim('email', young, 0)
  await t.rejects(insert(randomUUID(), young), { code: '23505', constraint_name: 'accounts_email_unique' })
  await claim('email', old, 70)
  await insert(randomUUID(), old)

  const moved = newEmail()
  await sql`UPDATE accounts SET email = ${moved}, username = NULL WHERE id = ${id}`
  t.same(await claimsOf(id), [`email ${moved}`])
  await sql`DELETE FROM accounts WHERE id = ${id}`
  t.same(await claimsOf(id), [])
})
