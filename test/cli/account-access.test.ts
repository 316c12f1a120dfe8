import { userInfo } from 'node:os'
import t, { type Test } from 'tap'
import { accountCommand } from '../../src/cli/account.js'
import { systemUser } from '../../src/cli/operator.js'
import { statsCommand } from '../../src/cli/stats.js'
import { clientInfo, password, signedIn } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { outcomeOf } from '../support/refusal.js'
import { environmentOf } from '../support/settings.js'

async function setUp (t: Test) {
  const backend = await buildCore(t, { ownDatabase: true })
  const env = environmentOf(backend.settings)
  const records = async (accountId: string, event: string) =>
    (await backend.core.audit.page({ accountId, limit: 100 })).records.filter(record => record.event === event)
  return { ...backend, env, records, command: () => accountCommand(env) }
}

t.test('account update changes what is named, and says why in the audit log', async t => {
  const { command, core, records } = await setUp(t)
  const { account: { id }, email, accessToken } = await signedIn(core)
  const update = (...args: string[]) => runJson(command(), ['update', email, ...args])
  t.match(await update('--name', 'Ada', '--username', 'ada', '--reason', 'ticket 1'), {
    name: 'Ada', username: 'ada', email
  })
  t.match(await update('--no-name', '--email-verified'), { username: 'ada', name: 'ada' })
  t.match(await core.accounts.find(id), { emailVerified: true, name: null })
  t.match(await update('--no-username', '--no-email-verified'), { username: null, name: email.split('@')[0] })
  t.match(await core.accounts.find(id), { emailVerified: false })
  t.match(await update('--email', `new-${email}`), { email: `new-${email}` })
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'granted', 'the session goes on')
  const actor = `cli:${userInfo().username}`
  const first = (await records(id, 'profile_changed')).at(-1)
  t.match(first, { actor, details: { reason: 'ticket 1', before: { name: null }, after: { name: 'Ada' } } })
  const wrong = ['update', `new-${email}`, '--username', 'a b']
  await t.rejects(run(command(), wrong), { code: 'commander.invalidArgument' })
})

t.test('account set-password sets one, ends every session and tells the owner', async t => {
  const { command, core, sql, records } = await setUp(t)
  const { account: { id }, email, refreshToken } = await signedIn(core)
  await sql`UPDATE accounts SET email_verified_at = now()`
  const set = (input: string, ...args: string[]) =>
    run(command(), ['set-password', email, '--password-stdin', ...args], { input })
  await t.rejects(set('short'), { code: 'password_unacceptable' })
  await t.rejects(set(email), { code: 'password_common' })
  t.equal(await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)), 'granted')

  const done = await set('violin harbor meadow\n', '--reason', 'asked for in person')
  t.equal(done.stdout, `${email} has a new password\n`)
  t.equal(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), 'invalid_refresh_token/revoked')
  t.equal(await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)), 'invalid_credentials')
  const changed = core.signIn.withPassword({ email, password: 'violin harbor meadow' }, 'partner', clientInfo)
  t.equal(await outcomeOf(changed), 'granted')
  t.match(await records(id, 'password_changed'), [{ details: { reason: 'asked for in person' } }])
  t.match(await sql`SELECT kind, recipient FROM mails`, [{ kind: 'password-changed', recipient: email }])
})

t.test('a password for an account that is not there is refused, also by its id', async t => {
  const { command, core } = await setUp(t)
  const gone = '550e8400-e29b-41d4-a716-446655440000'
  const set = run(command(), ['set-password', gone, '--password-stdin'], { input: password })
  await t.rejects(set, { code: 'not_found' })
  const byId = core.signIn.setPassword(gone, { password, minPasswordLength: 8 }, clientInfo)
  t.equal(await outcomeOf(byId), 'not_found', 'one that was deleted a moment ago')
})

t.test('account send-reset and require-reset mail the owner; the second ends access', async t => {
  const { command, core, sql } = await setUp(t)
  const { email, refreshToken } = await signedIn(core)
  t.match(await run(command(), ['send-reset', email]), { stdout: `a mail to ${email} is on its way\n` })
  t.match(await core.signIn.withPassword({ email, password }, 'partner', clientInfo), { account: { email } })
  t.match(await runJson(command(), ['require-reset', email]), { email, ended: 2 })
  t.equal(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), 'invalid_refresh_token/revoked')
  t.equal((await sql`SELECT FROM mails WHERE kind = 'reset-password'`).length, 2)
})

t.test('account personal-data prints what a person may ask for, without who of the operators it was', async t => {
  const { command, core } = await setUp(t)
  const { account: { id }, email } = await signedIn(core)
  await run(command(), ['update', email, '--name', 'Ada'])
  const { stdout } = await run(command(), ['personal-data', id])
  t.match(JSON.parse(stdout), { profile: { email, name: 'Ada' }, auditEvents: [{}, {}, { actor: 'operator' }] })
  t.ok(stdout.endsWith('}\n'))
})

t.test('stats says how much there is', async t => {
  const { core, env } = await setUp(t)
  await signedIn(core)
  t.match(await runJson(statsCommand(env), []), { asOf: /Z$/, accounts: 1, sessions: 1, clients: 0 })
})

t.test('a user without a name, as in a container, is recorded by number', async t => {
  t.equal(systemUser(() => { throw new Error('no such user') }), String(process.getuid?.()))
})
