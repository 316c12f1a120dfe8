import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { versionOf, type ManagedChange } from '../../../src/core/accounts/managed-change.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore, type BuildOptions } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'
import { isOnCitus } from '../../support/test-database.js'

async function setUp (t: Test, options: BuildOptions = {}) {
  const built = await buildCore(t, options)
  const { core, sql } = built
  return {
    ...built,
    change: (id: string, change: ManagedChange, version: string | null = null) =>
      core.accounts.change(id, change, version, { ...clientInfo, actor: 'admin_token' }),
    identifiersOf: async (accountId: string) => (await sql<{ value: string }[]>`
      SELECT value FROM account_identifiers WHERE account_id = ${accountId} ORDER BY kind, value`)
      .map(({ value }) => value)
  }
}

const newEmail = () => `${randomUUID()}@example.com`
const newUsername = () => `u-${randomUUID()}`

t.test('of changes at once none is lost in another, and the account holds what it has and nothing else', async t => {
  const { core, change, identifiersOf, sql } = await setUp(t)
  for (let round = 0; round < 10; round += 1) {
    const { account: { id } } = await signedIn(core)
    const outcomes = await Promise.all(Array.from({ length: 4 }, () =>
      outcomeOf(change(id, { email: newEmail(), username: newUsername() }))))
    t.ok(outcomes.includes('granted'))
    for (const outcome of outcomes) t.match(outcome, /^(granted|unavailable)$/)
    const found = await core.accounts.find(id)
    const held = await identifiersOf(id)
    for (const name of [found?.email, found?.username]) t.ok(held.includes(String(name)), 'what it has is its own')
    const records = await sql<{ before: string, after: string }[]>`
      SELECT details->'before'->>'email' AS before, details->'after'->>'email' AS after FROM audit_events
      WHERE account_id = ${id} AND event = 'email_changed' ORDER BY at`
    records.slice(1).forEach(({ before }, index) => t.equal(before, records[index]?.after, 'one after the other'))
    t.equal(records.at(-1)?.after, found?.email)
  }
})

t.test('with one version one of many changes is made, and the others get to know it', async t => {
  const { core, change } = await setUp(t)
  const { account } = await signedIn(core)
  const outcomes = await Promise.all(['a', 'b', 'c'].map(name =>
    outcomeOf(change(account.id, { name }, versionOf(account)))))
  t.same(outcomes.toSorted(), ['changed_meanwhile', 'changed_meanwhile', 'granted'])
})

t.test('an email and a username of another account cannot be taken', async t => {
  const { core, change, identifiersOf } = await setUp(t)
  const [one, other] = [await signedIn(core), await signedIn(core)]
  await change(other.account.id, { username: newUsername() })
  const { username } = await core.accounts.find(other.account.id) ?? {}
  t.equal(await outcomeOf(change(one.account.id, { email: other.email })), 'email_taken')
  t.equal(await outcomeOf(change(one.account.id, { username })), 'username_taken')
  t.same(await identifiersOf(one.account.id), [one.email])
})

t.test('an account that is not there cannot be changed', async t => {
  const { change } = await setUp(t)
  t.equal(await outcomeOf(change(randomUUID(), { name: 'Ann' })), 'not_found')
})

t.test('a username in another spelling is the same', async t => {
  const { core, change, identifiersOf } = await setUp(t)
  const { account: { id }, email } = await signedIn(core)
  const username = newUsername()
  await change(id, { username })
  t.equal((await change(id, { username: username.toUpperCase() })).username, username.toUpperCase())
  t.same(await identifiersOf(id), [email, username])
  t.equal((await change(id, { username: null })).username, null)
  t.same(await identifiersOf(id), [email])
})

t.test('a change that others are always quicker than is given up, its claim freed', { skip: isOnCitus }, async t => {
  const { core, change, sql, identifiersOf } = await setUp(t, { ownDatabase: true })
  const { account: { id }, email } = await signedIn(core)
  await sql.unsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER refuse BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse()`).simple()
  t.equal(await outcomeOf(change(id, { username: newUsername() })), 'unavailable')
  t.equal(await outcomeOf(change(id, { name: 'Ann' })), 'unavailable')
  t.same(await identifiersOf(id), [email])
})
