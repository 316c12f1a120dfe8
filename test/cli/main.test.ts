import { randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import t from 'tap'
import { keyturn } from '../support/keyturn-process.js'
import { embeddedFolder, postgresDatabase } from '../support/test-database.js'

t.test('what a command says is on standard output; why it failed, on standard error, with exit code 1', async t => {
  const env = { DATABASE_URL: await postgresDatabase(t), KEYTURN_SECRET: randomBytes(32).toString('base64url') }
  const add = ['account', 'add', `${randomUUID()}@example.com`, '--password-stdin', '--json']
  const input = 'correct horse battery\n'
  const made = await keyturn(add, { env, input, counted: true })
  t.match(made, { code: 0, stderr: '' })
  t.match(JSON.parse(made.stdout), { email: add[2] })
  t.match(await keyturn(add, { env, input, counted: true }), {
    code: 1, stdout: '', stderr: /^keyturn: .*taken.*\n$/
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

t.test('a mistake in the arguments is reported on standard error, with exit code 1', async t => {
  t.match(await keyturn(['conquer']), { code: 1, stdout: '', stderr: "error: unknown command 'conquer'\n" })
})
