import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { keyturn, startKeyturn } from '../support/keyturn-process.js'
import { embeddedFolder, postgresDatabase } from '../support/test-database.js'

t.test('what a command says is on standard output; why it failed, on standard error, with exit code 1', async t => {
  const env = { DATABASE_URL: await postgresDatabase(t), KEYTURN_SECRET: randomBytes(32).toString('base64url') }
  const add = ['account', 'add', `${randomUUID()}@example.com`, '--password-stdin', '--json']
  const input = 'correct horse battery\n'
  const made = await keyturn(add, { env, input, counted: true })
  t.match(made, { code: 0, stderr: '' })
  t.match(JSON.parse(made.stdout), { email: add[2] })
  t.match(await keyturn(add, { env, input, counted: true }), {
    code: 1, stdout: '', stderr: /"code":"email_taken","message":"an account with this email exists already"/
  })
})

t.test('every fault of the environment is a line on standard error, and nothing is started', async t => {
  const DATA_DIR = await embeddedFolder(t, { migrated: false })
  const env = { DATA_DIR, LISTEN: '3000=nonsense', ACCESS_TOKEN_TTL: 'soon' }
  const { code, stdout, stderr } = await keyturn(['serve'], { env, counted: true })
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr.split('\n'), [/^keyturn: ACCESS_TOKEN_TTL must be /, /^keyturn: LISTEN unknown contract/, ''])
  t.same(await readdir(DATA_DIR), [])
})

t.test('a mistake in the arguments is reported on standard error, with exit code 2', async t => {
  t.match(await keyturn(['conquer'], { counted: true }), {
    code: 2, stdout: '', stderr: "error: unknown command 'conquer'\n"
  })
  t.match(await keyturn(['--version'], { counted: true }), { code: 0, stderr: '' })
  const { code, stderr } = await keyturn(['account', 'list', '--nothing', '--json'], { counted: true })
  t.same([code, JSON.parse(stderr)], [2, { error: { code: 'usage', message: "unknown option '--nothing'" } }])
})

t.test('why a command failed is JSON for a program that asked for JSON', async t => {
  const env = { DATABASE_URL: await postgresDatabase(t), KEYTURN_SECRET: randomBytes(32).toString('base64url') }
  const missing = await keyturn(['account', 'show', `${randomUUID()}@example.com`, '--json'], { env })
  t.match({ ...missing, stderr: JSON.parse(missing.stderr) as object }, {
    code: 1, stdout: '', stderr: { error: { code: 'not_found', message: 'no account has this email or id' } }
  })
})

t.test('faults of the settings, and other failures, are JSON then too', async t => {
  for (const [args, env, code] of [
    [['account', 'list'], { ACCESS_TOKEN_TTL: 'soon' }, 'invalid_settings'],
    [['client', 'add', 'x', '--keys', '/no/such/file'], {}, 'failed']
  ] as const) {
    const { stderr } = await keyturn([...args, '--json'], { env, counted: true })
    t.match(JSON.parse(stderr), { error: { code, message: String } })
  }
})

t.test('what the system refused is said in words', async t => {
  const KEYTURN_SECRET = randomBytes(32).toString('base64url')
  t.match(await keyturn(['client', 'add', 'x', '--keys', '/no/such/file'], { counted: true }), {
    code: 1, stderr: 'keyturn: there is no file /no/such/file\n'
  })
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', KEYTURN_SECRET }
  t.match(await keyturn(['migrate'], { env }), { code: 1, stderr: /nothing listens at 127\.0\.0\.1:1; is Postgres/ })
})

t.test('help shows the help of a command, however deep', async t => {
  const help = (...names: string[]) => keyturn(['help', ...names], { counted: true })
  t.match(await help('account', 'add'), { code: 0, stdout: /Usage: keyturn account add .*<email>/ })
  t.match(await help(), { code: 0, stdout: /Usage: keyturn \[options\]/ })
  t.match(await help('account', 'conquer'), { code: 2, stderr: /unknown command 'account conquer'/ })
})

t.test('a reader that has seen enough ends the command in order', async t => {
  const preload = new URL('../support/endless-output.ts', import.meta.url).href
  const child = startKeyturn(['help'], { counted: true, preload })
  child.stdout.destroy()
  const [[code], stderr] = await Promise.all([once(child, 'exit') as Promise<[number | null]>, text(child.stderr)])
  t.match({ code, stderr }, { code: 0, stderr: '' })
})
