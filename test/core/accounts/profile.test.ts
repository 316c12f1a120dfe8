import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore, type BuildOptions } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'
import { isOnCitus } from '../../support/test-database.js'

async function setUp (t: Test, options: BuildOptions = {}) {
  const built = await buildCore(t, options)
  const { core, sql } = built
  return {
    ...built,
    change: (accountId: string, change: Parameters<typeof core.accounts.changeProfile>[1]) =>
      core.accounts.changeProfile(accountId, change, clientInfo),
    usernamesOf: async (accountId: string) => (await sql<{ value: string }[]>`
      SELECT value FROM account_identifiers WHERE account_id = ${accountId} AND kind = 'username' ORDER BY value`)
      .map(({ value }) => value)
  }
}

const newUsername = () => `u-${randomUUID()}`

t.test('of many accounts that want one username at once, one gets it', async t => {
  const { core, change } = await setUp(t)
  const username = newUsername()
  const accounts = await Promise.all(Array.from({ length: 10 }, () => signedIn(core)))
  const outcomes = await Promise.all(accounts.map(({ account }) => outcomeOf(change(account.id, { username }))))
  t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
  t.equal(outcomes.filter(outcome => outcome === 'username_taken').length, 9)
})

t.test('an account that changes its username again and again at once ends with one of them, and holds no other',
  async t => {
    const { core, change, usernamesOf } = await setUp(t)
    const { account } = await signedIn(core)
    for (let round = 0; round < 10; round += 1) {
      const usernames = Array.from({ length: 4 }, newUsername)
      const outcomes = await Promise.all(usernames.map(username => outcomeOf(change(account.id, { username }))))
      t.ok(outcomes.includes('granted'))
      for (const outcome of outcomes) t.match(outcome, /^(granted|unavailable)$/)
      const found = await core.accounts.find(account.id)
      t.same(await usernamesOf(account.id), [found?.username])
    }
  })

t.test('the same change twice at once is made, and none of them says that the username is taken', async t => {
  const { core, change, usernamesOf } = await setUp(t)
  for (let round = 0; round < 20; round += 1) {
    const { account } = await signedIn(core)
    const username = newUsername()
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(change(account.id, { username }))))
    t.ok(outcomes.includes('granted'))
    for (const outcome of outcomes) t.match(outcome, /^(granted|unavailable)$/)
    t.same(await usernamesOf(account.id), [username])
  }
})

t.test('a change shows at once where the token was validated before, and is on record', async t => {
  const { core, change, sql } = await setUp(t)
  const { account, accessToken } = await signedIn(core)
  t.equal((await core.validation.authenticate(accessToken)).account.name, null)
  await change(account.id, { name: 'Ann' })
  t.equal((await core.validation.authenticate(accessToken)).account.name, 'Ann')
  t.match(await sql`SELECT actor FROM audit_events WHERE account_id = ${account.id} AND event = 'profile_changed'`,
    [{ actor: 'user' }])
})

t.test('an account that is not there any more cannot be changed, and keeps no claim', async t => {
  const { change, usernamesOf } = await setUp(t)
  const accountId = randomUUID()
  t.equal(await outcomeOf(change(accountId, { username: newUsername() })), 'invalid_token/unknown')
  t.same(await usernamesOf(accountId), [])
})

t.test('a change that others are always quicker than is given up, its claim freed', { skip: isOnCitus }, async t => {
  const { core, change, sql, usernamesOf } = await setUp(t, { ownDatabase: true })
  const { account } = await signedIn(core)
  await sql.unsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER refuse BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse()`).simple()
  t.equal(await outcomeOf(change(account.id, { username: newUsername() })), 'unavailable')
  t.equal(await outcomeOf(change(account.id, { name: 'Ann' })), 'unavailable')
  t.same(await usernamesOf(account.id), [])
})
