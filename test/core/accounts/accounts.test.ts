import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { NewAccount } from '../../../src/core/accounts/accounts.js'
import { clientInfo, password, setSubscription, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const newAccount = (given: Partial<NewAccount> = {}): NewAccount =>
  ({ email: `${randomUUID()}@example.com`, password, minPasswordLength: 8, ...given })

const { core, sql } = await buildCore(t, { settings: { passwords: { concurrency: 4, queue: 200 } } })

async function eventsOf (accountId: string): Promise<string[]> {
  const rows = await sql<{ event: string }[]>`
    SELECT event FROM audit_events WHERE account_id = ${accountId} ORDER BY at`
  return rows.map(row => row.event)
}

const countOf = async () => (await sql<[{ accounts: number, events: number }]>`
  SELECT (SELECT count(*)::int FROM accounts) AS accounts, (SELECT count(*)::int FROM audit_events) AS events`)[0]

t.test('an account is kept as it was given, its email in one spelling, and put on record', async t => {
  const subscription = { status: 'active', plan: 'pro', expiresAt: null }
  const given = newAccount({ email: '  Ann.Other@Example.COM ', username: 'Ann', name: 'Ann Other', subscription })
  const account = await core.accounts.register(given, clientInfo)
  t.match(account, {
    email: 'ann.other@example.com',
    username: 'Ann',
    name: 'Ann Other',
    subscription: { status: 'active', plan: 'pro', expiresAt: null },
    disabledAt: null
  })
  t.same(await core.accounts.findByEmail(' ANN.OTHER@example.com'), account)
  t.notOk(JSON.stringify(account).includes('argon2'), 'the hash stays where it is')
  t.same(await sql`SELECT event, session_id, address FROM audit_events WHERE account_id = ${account.id}`,
    [{ event: 'account_created', session_id: null, address: clientInfo.address }])
})

t.test('no two accounts have one email or one username, however they are spelled', async t => {
  const { email, username } = await core.accounts.register(newAccount({ username: 'Straße_1' }), clientInfo)
  const before = await countOf()
  const register = (given: Partial<NewAccount>) => outcomeOf(core.accounts.register(newAccount(given), clientInfo))
  for (const taken of [email, email.toUpperCase(), ` ${email}`, `${email}\n`]) {
    t.equal(await register({ email: taken }), 'email_taken')
  }
  for (const taken of [username ?? '', 'straße_1', 'STRAßE_1']) {
    t.equal(await register({ username: taken }), 'username_taken')
  }
  const signUp = core.signIn.signUp(newAccount({ email }), 'spa', clientInfo)
  t.equal(await outcomeOf(signUp), 'email_taken')
  t.same(await countOf(), before, 'a refusal leaves nothing behind')
  t.equal(await register({ username: 'Straße_2' }), 'granted')
})

const rivals: Record<string, () => [Partial<NewAccount>, string]> = {
  email: () => [{ email: `${randomUUID()}@example.com` }, 'email_taken'],
  username: () => [{ username: randomUUID() }, 'username_taken']
}

for (const [name, rival] of Object.entries(rivals)) {
  t.test(`of many who register one ${name} at once exactly one gets it`, async t => {
    for (let round = 0; round < 30; round += 1) {
      const [given, refusal] = rival()
      const before = await countOf()
      const outcomes = await Promise.all(Array.from({ length: 6 }, (_, n) => outcomeOf(n % 2 === 0
        ? core.accounts.register(newAccount(given), clientInfo)
        : core.signIn.signUp(newAccount(given), 'web', clientInfo))))
      t.same(outcomes.toSorted(), ['granted', ...Array.from({ length: 5 }, () => refusal)].toSorted())
      const after = await countOf()
      t.equal(after.accounts - before.accounts, 1)
      t.ok(after.events - before.events <= 2, 'and the losers are not on record')
    }
  })
}

t.test('a sign-up gives an account with its first session, or neither', async t => {
  const grant = await core.signIn.signUp(newAccount(), 'tasks', clientInfo)
  const { accountId, contract } = await core.validation.authenticate(grant.accessToken)
  t.same({ accountId, contract }, { accountId: grant.account.id, contract: 'tasks' })
  t.same((await eventsOf(accountId)).toSorted(), ['account_created', 'signed_in'])
  const before = await countOf()
  const refused = core.signIn.signUp(newAccount({ password: 'short' }), 'tasks', clientInfo)
  t.equal(await outcomeOf(refused), 'password_unacceptable')
  t.same(await countOf(), before)
})

t.test('accounts are listed in order of their numbers, page by page, each once', async t => {
  for (let n = 0; n < 5; n += 1) await core.accounts.register(newAccount(), clientInfo)
  const seen = []
  for (let last = 0; ;) {
    const page = await core.accounts.list(2, last)
    if (page.length === 0) break
    seen.push(...page.map(account => account.number))
    last = page.at(-1)?.number ?? 0
  }
  t.same(seen, seen.toSorted((a, b) => a - b))
  t.equal(new Set(seen).size, seen.length)
  t.equal(seen.length, (await countOf()).accounts)
})

t.test('what billing says is shown as it was set, until it is taken back', async t => {
  const { account, email, accessToken } = await signedIn(core)
  for (const subscription of [
    { status: 'canceled', plan: 'premium', expiresAt: new Date('2020-01-01T00:00:00.123Z') },
    { status: 'active', plan: 'x', expiresAt: null },
    null
  ]) {
    t.same((await setSubscription(core, email, subscription)).subscription, subscription)
    t.same((await core.accounts.findByEmail(email))?.subscription, subscription)
  }
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'granted', 'it ends no session')
  t.equal((await eventsOf(account.id)).filter(event => event === 'subscription_changed').length, 3)
})

t.test('a disabled account has no session and gets none, and no session comes back with it', async t => {
  const { account, email, accessToken, refreshToken } = await signedIn(core)
  const once = await core.signIn.signUp(newAccount(), 'session', clientInfo)
  const alive = async () => [
    await outcomeOf(core.validation.authenticate(accessToken)),
    await outcomeOf(core.refresh.trade(refreshToken, clientInfo)),
    await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)),
    await outcomeOf(core.signIn.withPassword({ email, password }, 'spa', clientInfo)),
    await outcomeOf(core.signIn.changePassword({
      accountId: account.id, current: password, replacement: 'another password', minPasswordLength: 8, keep: 'all'
    }, clientInfo))
  ]
  const dead = ['invalid_token/revoked', 'invalid_refresh_token/revoked']
  for (const again of ['', ' again']) {
    const disabled = await core.accounts.disable(email, clientInfo)
    t.ok(disabled.disabledAt)
    t.same(await alive(), [...dead, 'invalid_credentials', 'invalid_credentials', 'wrong_password'], `disabled${again}`)
    t.same(await core.sessions.list(account.id), [])
  }
  await setSubscription(core, email, { status: 'active', plan: 'x', expiresAt: null })
  t.ok((await core.accounts.findByEmail(email))?.disabledAt, 'billing does not enable it')

  t.equal((await core.accounts.enable(email, clientInfo)).disabledAt, null)
  t.same(await alive(), [...dead, 'granted', 'granted', 'granted'])
  t.same((await eventsOf(account.id)).filter(event => event.startsWith('account_')),
    ['account_created', 'account_disabled', 'account_disabled', 'account_enabled'])
  t.equal(await outcomeOf(core.validation.authenticate(once.accessToken)), 'granted', 'nobody else was touched')
})

t.test('a deleted account leaves its record and nothing else', async t => {
  const { account, email, accessToken, refreshToken } = await signedIn(core)
  await core.tasks.create(account.id, 'left undone')
  await core.accounts.delete(email, clientInfo)
  for (const table of ['sessions', 'tasks']) {
    t.same(await sql`SELECT 1 FROM ${sql(table)} WHERE account_id = ${account.id}`, [])
  }
  t.same((await eventsOf(account.id)).toSorted(), ['account_created', 'account_deleted', 'signed_in'])
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'invalid_token/unknown')
  t.equal(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), 'invalid_refresh_token/unknown')
  t.equal(await core.accounts.findByEmail(email), null)

  const successor = await core.accounts.register(newAccount({ email }), clientInfo)
  t.not(successor.id, account.id)
  t.ok(successor.number > account.number, 'who gets the email later gets neither id nor number')
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'invalid_token/unknown', 'nor the sessions')
})

t.test('an unknown email is not found, and nothing is recorded', async t => {
  const before = await countOf()
  const email = `${randomUUID()}@example.com`
  t.equal(await core.accounts.findByEmail(email), null)
  for (const verb of ['disable', 'enable', 'delete'] as const) {
    t.equal(await outcomeOf(core.accounts[verb](email, clientInfo)), 'not_found')
  }
  t.same(await countOf(), before)
})

const change = { current: password, replacement: 'another password', minPasswordLength: 8, keep: 'none' } as const

t.test('a password is changed by who knows the current one, to one that is acceptable', async t => {
  const { account: { id: accountId }, email, accessToken, refreshToken } = await signedIn(core)
  const attempt = (given: Partial<Parameters<typeof core.signIn.changePassword>[0]>) =>
    outcomeOf(core.signIn.changePassword({ ...change, accountId, ...given }, clientInfo))
  for (const current of ['', 'another password', `${password} `, 'x'.repeat(2_000)]) {
    t.equal(await attempt({ current }), 'wrong_password')
  }
  for (const replacement of ['', 'x'.repeat(7), 'x'.repeat(1_025), 'password \ud800']) {
    t.equal(await attempt({ replacement }), 'password_unacceptable')
  }
  t.equal(await attempt({ accountId: randomUUID() }), 'wrong_password')
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'granted', 'a refusal ends nothing')
  t.notOk((await eventsOf(accountId)).includes('password_changed'))

  t.equal(await attempt({}), 'granted')
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'invalid_token/revoked')
  t.equal(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), 'invalid_refresh_token/revoked')
  t.equal(await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)), 'invalid_credentials')
  const again = core.signIn.withPassword({ email, password: change.replacement }, 'partner', clientInfo)
  t.equal(await outcomeOf(again), 'granted')
  t.ok((await eventsOf(accountId)).includes('password_changed'))
})

t.test('a password change keeps all sessions on request, and affects no ended or other account\'s', async t => {
  const { account: { id: accountId }, email, accessToken } = await signedIn(core)
  const dead = await core.signIn.withPassword({ email, password }, 'partner', clientInfo)
  const stranger = await signedIn(core)
  await core.sessions.end(accountId, dead.sessionId, 'signed_out', clientInfo)
  await core.signIn.changePassword({ ...change, accountId, keep: 'all' }, clientInfo)
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'granted')
  t.equal(await outcomeOf(core.validation.authenticate(dead.accessToken)), 'invalid_token/signed_out')

  await core.signIn.changePassword({ ...change, accountId, current: change.replacement }, clientInfo)
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'invalid_token/revoked')
  t.equal(await outcomeOf(core.validation.authenticate(dead.accessToken)), 'invalid_token/signed_out')
  t.equal(await outcomeOf(core.refresh.trade(dead.refreshToken, clientInfo)), 'invalid_refresh_token/signed_out')
  t.equal(await outcomeOf(core.validation.authenticate(stranger.accessToken)), 'granted')
})
