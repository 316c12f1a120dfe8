import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { mailCommand } from '../../src/cli/mail.js'
import { clientInfo, password } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'
import { until } from '../support/until.js'

async function setUp (t: Test) {
  const backend = await buildCore(t)
  const { core, settings } = backend
  const email = `${randomUUID()}@example.com`
  await core.signIn.signUp({ email, password, minPasswordLength: 8 }, 'account', clientInfo)
  const env = { ...environmentOf(settings), DATA_DIR: settings.database.dataDir }
  return { ...backend, email, env, command: (more = {}) => mailCommand({ ...env, ...more }) }
}

t.test('mail queue shows what waits, and why; with --failed what was given up', async t => {
  const { command, email, sql } = await setUp(t)
  const mine = async (args: string[] = []) =>
    (await runJson(command(), ['queue', ...args]) as Array<{ recipient: string }>)
      .filter(({ recipient }) => recipient === email)
  t.match(await mine(), [{ kind: 'verify-email', attempts: 0, lastError: null, dueAt: /^\d{4}-/ }])
  t.match((await run(command(), ['queue', '--limit', '5'])).stdout, /│ verify-email +│/)
  t.same(await mine(['--failed']), [])
  await sql`UPDATE mails SET failed_at = now(), last_error = '550 no such user' WHERE recipient = ${email}`
  t.same(await mine(), [])
  t.match(await mine(['--failed']), [{ failedAt: /^\d{4}-/, lastError: '550 no such user' }])
})

t.test('mail list and show read the files of mails; test makes one at once', async t => {
  const { command, core, email } = await setUp(t)
  t.same(await runJson(command(), ['list']), [])
  core.mail.delivery.start(0)
  await until('the mail is there', async () => (await runJson(command(), ['list']) as object[]).length > 0)
  const [{ id }] = await runJson(command(), ['list']) as [{ id: string }]
  const { stdout } = await run(command(), ['show', id.slice(0, 8)])
  t.match(stdout, new RegExp(`^To: ${email}\nSubject: Confirm your email address\n\nHello [^]*\n {4}\\d{8}\n`))
  t.match(await runJson(command(), ['show', id]), { id, recipient: email, html: /<!doctype html>/ })
  await t.rejects(run(command(), ['show', 'nothing']), { code: 'not_found' })

  t.match((await run(command(), ['test', 'ops@example.com'])).stdout, /^sent a test mail to ops@example\.com\n/)
  t.match(await runJson(command(), ['list']), [{ recipient: 'ops@example.com' }, { recipient: email }])
  const { stderr } = await run(command({ NODE_ENV: 'production' }), ['list'])
  t.match(stderr, /mails are not kept as files with these settings/)
  await t.rejects(run(command({ NODE_ENV: 'production' }), ['test', 'ops@example.com']), /MAIL_URL is not set/)
})

t.test('a folder that cannot be read is not an empty one', async t => {
  const { command } = await setUp(t)
  await t.rejects(run(command({ DATA_DIR: '/dev/null' }), ['list']), { code: 'ENOTDIR' })
})
