import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { accountCommand } from '../../src/cli/account.js'
import { clientInfo, password, signedIn } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

/** The command over a database of its own, and a core beside it that makes accounts and looks. */
async function setUp (t: Test) {
  const backend = await buildCore(t, { ownDatabase: true })
  return { ...backend, command: () => accountCommand(environmentOf(backend.settings)) }
}

const newEmail = () => `${randomUUID()}@example.com`

/** A command line that fails as soon as it opens anything. */
const nowhere = () => accountCommand({ DATABASE_URL: 'postgres://127.0.0.1:1/none', KEYTURN_SECRET: 'x'.repeat(32) })

t.test('account add makes an account; its password comes from standard input', async t => {
  const { command, core } = await setUp(t)
  const email = newEmail()
  const add = ['add', email, '--password-stdin']
  const made = await run(command(), [...add, '--username', 'ada', '--name', 'Ada L.', '--plan', 'premium', '--json'], {
    input: `${password}\r\n`
  })
  t.match(JSON.parse(made.stdout), {
    email, username: 'ada', name: 'Ada L.', plan: 'premium', subscription: 'active', disabled: null
  })
  t.notMatch(made.stdout + made.stderr, password)
  const signedIn = await core.signIn.withPassword({ email, password }, 'partner', clientInfo)
  t.equal(signedIn.account.email, email, 'without the line end')

  const { stdout } = await run(command(), ['add', newEmail(), '--password-stdin'], { input: password })
  t.match(stdout, /│ username +│ - +│/)
})

t.test('of a password only the last line end is taken away', async t => {
  const { command, core } = await setUp(t)
  const email = newEmail()
  await run(command(), ['add', email, '--password-stdin'], { input: ' two\nlines \n\n' })
  const signedIn = await core.signIn.withPassword({ email, password: ' two\nlines \n' }, 'partner', clientInfo)
  t.equal(signedIn.account.email, email)
})

t.test('account add refuses an email or username that is taken and a password that is too short', async t => {
  const { command } = await setUp(t)
  const email = newEmail()
  const input = `${password}\n`
  await run(command(), ['add', email, '--username', 'ada', '--password-stdin'], { input })
  await t.rejects(run(command(), ['add', email.toUpperCase(), '--password-stdin'], { input }), { code: 'email_taken' })
  await t.rejects(run(command(), ['add', newEmail(), '--username', 'ADA', '--password-stdin'], { input }), {
    code: 'username_taken'
  })
  await t.rejects(run(command(), ['add', newEmail(), '--password-stdin'], { input: '7 chars\n' }), {
    code: 'password_unacceptable', message: 'a password has at least 8 characters and at most 1024 bytes'
  })
  t.equal((await runJson(command(), ['list'])).length, 1)
})

t.test('account add takes no username that could be mistaken', async t => {
  await t.rejects(run(nowhere(), ['add', newEmail(), '--username', 'j\u043ee']), {
    code: 'commander.invalidArgument', message: /letters and digits of one script/
  })
})

t.test('account add takes no password as an argument', async t => {
  await t.rejects(run(nowhere(), ['add', newEmail(), '--password', password]), { code: 'commander.unknownOption' })
  await t.rejects(run(nowhere(), ['add', newEmail(), password]), { code: 'commander.excessArguments' })
})

t.test('account show prints one account, for people and for programs', async t => {
  const { command, core } = await setUp(t)
  const { email, account } = await signedIn(core)
  t.match(await runJson(command(), ['show', email]), {
    id: account.id, number: account.number, email, username: null, name: email.split('@')[0], plan: null, disabled: null
  })
  const { stdout, stderr } = await run(command(), ['show', email])
  t.match(stdout, new RegExp(`│ email +│ ${email} +│`))
  t.match(stdout, /│ plan +│ - +│/)
  t.match(stdout, new RegExp(`│ createdAt +│ ${new Date(account.createdAt).toISOString()} +│`))
  t.equal(stderr, '')
})

t.test('an account is found in every spelling of its email', async t => {
  const { command, core } = await setUp(t)
  const { email, account } = await signedIn(core)
  t.match(await runJson(command(), ['show', ` ${email.toUpperCase()} `]), { id: account.id, email })
})

t.test('what needs an account says when there is none', async t => {
  const { command } = await setUp(t)
  for (const args of [['show'], ['subscription', '--none'], ['disable'], ['enable'], ['delete', '--yes']]) {
    const message = 'no account has this email or id'
    await t.rejects(run(command(), [...args, newEmail()]), { message }, args.join(' '))
  }
})

t.test('what is no email is refused before anything is opened', async t => {
  for (const args of [['add'], ['show'], ['subscription', '--none'], ['disable'], ['enable'], ['delete', '--yes']]) {
    await t.rejects(run(nowhere(), [...args, 'no-email']), {
      code: 'commander.invalidArgument', message: /an email address/
    }, args.join(' '))
  }
})

t.test('account list prints every account in the order they were made, also more than fit one page', async t => {
  const { command, sql } = await setUp(t)
  t.equal((await run(command(), ['list'])).stdout, 'none\n')
  t.same(await runJson(command(), ['list']), [])

  const total = 1001
  await sql`
    INSERT INTO accounts (id, email, password_hash)
    SELECT gen_random_uuid(), n || '@example.com', '' FROM generate_series(1, ${total}) AS n ORDER BY n`
  const listed = await runJson(command(), ['list']) as Array<{ email: string }>
  t.same(listed.map(({ email }) => email), Array.from({ length: total }, (_, index) => `${index + 1}@example.com`))
  const { stdout } = await run(command(), ['list'])
  t.match(stdout, /│ id +│ number +│ email +│ username +│/)
  t.match(stdout, `${total}@example.com`)
})

t.test('account subscription sets what billing says, and takes it away', async t => {
  const { command, core } = await setUp(t)
  const { email } = await signedIn(core)
  t.match(await runJson(command(), ['subscription', email, '--plan', 'premium']), {
    plan: 'premium', subscription: 'active', expires: null
  })
  const renewal = ['--plan', 'basic', '--status', 'past_due', '--expires', '2025-12-31T23:59:59Z']
  t.match(await runJson(command(), ['subscription', email, ...renewal]), {
    plan: 'basic', subscription: 'past_due', expires: '2025-12-31T23:59:59.000Z'
  })
  t.match(await core.accounts.findByEmail(email), {
    subscription: { plan: 'basic', status: 'past_due', expiresAt: new Date('2025-12-31T23:59:59Z') }
  })
  const none = await runJson(command(), ['subscription', email, '--none'])
  t.match(none, { plan: null, subscription: null, expires: null })
})

t.test('a subscription needs a plan', async t => {
  const { command, core } = await setUp(t)
  const { email } = await signedIn(core)
  await t.rejects(run(command(), ['subscription', email, '--status', 'active']), { message: /--plan.*--none/ })
  t.match(await core.accounts.findByEmail(email), { subscription: null })
})

const refusesTime = (t: Test, time: string) =>
  t.rejects(run(nowhere(), ['subscription', newEmail(), '--plan', 'basic', '--expires', time]), {
    code: 'commander.invalidArgument', message: /That is not a time/
  }, time)

t.test('a subscription ends at a time, and what is none is refused before anything is opened', async t => {
  for (const time of ['tomorrow', '2025-13-01T00:00:00Z', '']) await refusesTime(t, time)
})

t.test('a mistyped time is not taken for another one', async t => {
  for (const time of ['2025-02-31T00:00:00Z', '5']) await refusesTime(t, time)
})

t.test('account disable ends every session and refuses sign-ins until enable', async t => {
  const { command, core } = await setUp(t)
  const { email, refreshToken } = await signedIn(core)
  t.match(await runJson(command(), ['disable', email]), { email, disabled: /^\d{4}-/ })
  await t.rejects(core.refresh.trade(refreshToken, clientInfo), { code: 'invalid_refresh_token' })
  await t.rejects(core.signIn.withPassword({ email, password }, 'partner', clientInfo), { code: 'invalid_credentials' })

  t.match(await runJson(command(), ['enable', email]), { email, disabled: null })
  t.match(await core.signIn.withPassword({ email, password }, 'partner', clientInfo), { account: { email } })
  const refreshed = core.refresh.trade(refreshToken, clientInfo)
  await t.rejects(refreshed, { code: 'invalid_refresh_token' }, 'no session comes back')
})

t.test('account delete asks for --yes', async t => {
  const { command, core } = await setUp(t)
  const { email } = await signedIn(core)
  await t.rejects(run(command(), ['delete', email]), { code: 'commander.missingMandatoryOptionValue' })
  t.match(await core.accounts.findByEmail(email), { email })

  t.match(await run(command(), ['delete', email, '--yes']), { stdout: `deleted ${email}\n`, stderr: '' })
  t.equal(await core.accounts.findByEmail(email), null)
})

t.test('an account can be named by its id, which audit records and tokens have', async t => {
  const { command, core } = await setUp(t)
  const { account, email } = await signedIn(core)
  t.match(await runJson(command(), ['show', account.id]), { email })
  t.match(await runJson(command(), ['disable', account.id.toUpperCase()]), { email, disabled: /^\d{4}-/ })
  t.match(await runJson(command(), ['enable', account.id]), { email, disabled: null })
  t.match(await runJson(command(), ['subscription', account.id, '--plan', 'premium']), { email, plan: 'premium' })
  t.same(await runJson(command(), ['delete', account.id, '--yes']), { deleted: email, id: account.id })
  await t.rejects(run(command(), ['show', account.id]), { message: 'no account has this email or id' })
})

t.test('account list can be limited, continued and searched', async t => {
  const { command, sql } = await setUp(t)
  await sql`
    INSERT INTO accounts (id, email, username, name, password_hash)
    SELECT gen_random_uuid(), n || '@example.com', 'user' || n, 'Ada ' || n, ''
    FROM generate_series(1, 30) AS n ORDER BY n`
  const numbers = async (...args: string[]) =>
    (await runJson(command(), ['list', ...args]) as Array<{ number: number }>).map(({ number }) => number)
  t.same(await numbers('--limit', '3'), [1, 2, 3])
  t.same(await numbers('--limit', '3', '--after', '28'), [29, 30])
  t.same(await numbers('--search', '7@EXAMPLE'), [7, 17, 27])
  t.same(await numbers('--search', 'USER30'), [30])
  t.same(await numbers('--search', 'ada 2', '--limit', '2'), [2, 20])
  t.same(await numbers('--search', '%'), [], 'what it looks for is no pattern')
  for (const args of [['--limit', '0'], ['--after', 'x']]) {
    await t.rejects(run(nowhere(), ['list', ...args]), { code: 'commander.invalidArgument' })
  }
})

t.test('control characters of stored text do not reach the terminal', async t => {
  const { command, core, sql } = await setUp(t)
  const { email } = await signedIn(core)
  await sql`UPDATE accounts SET name = ${'A\u001b[2J\u009b31mda'}`
  const { stdout } = await run(command(), ['show', email])
  t.match(stdout, 'A[2J31mda')
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  t.notMatch(stdout, /[\u001b\u009b]/)
})
