import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { accountCommand } from '../../src/cli/account.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

async function setUp (t: Test) {
  const backend = await buildCore(t, { ownDatabase: true })
  const folder = t.testdir()
  const file = (name: string) => join(folder, name)
  return { ...backend, file, command: () => accountCommand(environmentOf(backend.settings)) }
}

const asLines = (values: unknown[]) => values.map(value => `${JSON.stringify(value)}\n`).join('')

const people = (count: number) => Array.from({ length: count }, (_, index) => ({
  id: randomUUID(),
  email: `user${index}@example.com`,
  emailVerified: index % 2 === 0,
  name: index % 3 === 0 ? null : `Nå "${index}", x`,
  username: index % 4 === 0 ? null : `user${index}`,
  createdAt: new Date(1_700_000_000_000 + index).toISOString(),
  externalId: index % 5 === 0 ? null : `old-${index}`,
  subscription: index % 6 === 0
    ? { status: 'active', plan: 'premium', expiresAt: index % 12 === 0 ? null : '2030-01-01T00:00:00.000Z' }
    : null,
  disabled: index % 7 === 0,
  passwordHash: `$2b$10$${'A'.repeat(53)}`
})).sort((a, b) => a.id < b.id ? -1 : 1)

t.test('account import brings a file in, and says what became of its lines', async t => {
  const { command, file, sql } = await setUp(t)
  await writeFile(file('users'), `${asLines(people(12))}no json\n${asLines([{ email: 'x' }])}`)
  const dry = await run(command(), ['import', file('users'), '--dry-run', '--report', file('dry')])
  t.match(dry.stdout, /│ lines +│ 14 +│/)
  const problems = [{ line: 13, problem: 'not_json' }, { line: 14, problem: 'email_invalid' }]
  t.equal(await readFile(file('dry'), 'utf8'), asLines(problems))
  t.equal((await sql`SELECT FROM accounts`).length, 0)

  const { stdout, stderr } = await run(command(), ['import', file('users'), '--json', '--reason', 'moving in'])
  t.match(JSON.parse(stdout), { id: /-/, lines: 14, imported: 12, existing: 0, rejected: 2 })
  t.match(stderr, /2 lines were not imported; --report FILE says why/)
  const [record] = await sql`SELECT details FROM audit_events WHERE event = 'account_imported' LIMIT 1`
  t.same(record?.details, { reason: 'moving in' })
  const again = await runJson(command(), ['import', file('users'), '--report', file('report')])
  t.match(again, { imported: 0, existing: 12 })
  t.equal(await readFile(file('report'), 'utf8'), asLines(problems))
})

t.test('account import reads standard input', async t => {
  const { command } = await setUp(t)
  const input = 'email\na@example.com\n'
  const { stdout } = await run(command(), ['import', '-', '--format', 'csv', '--json'], { input })
  t.match(JSON.parse(stdout), { lines: 1, imported: 1 })
})

t.test('account import --resume goes on with a file that was cut off', async t => {
  const { command, file, core, sql } = await setUp(t)
  await writeFile(file('users'), asLines(people(1500)))
  await t.rejects(run(command(), ['import', file('users'), '--resume']), { code: 'not_found', message: /cut off/ })
  await run(command(), ['import', file('users')])
  await sql`UPDATE imports SET finished_at = NULL, lines = 1000, imported = 1000`
  await sql`DELETE FROM accounts WHERE number > 1000`
  await sql`DELETE FROM account_identifiers WHERE account_id NOT IN (SELECT id FROM accounts)`
  t.match(await runJson(command(), ['import', file('users'), '--resume']), { lines: 1500, imported: 1500 })
  t.equal((await sql`SELECT FROM accounts`).length, 1500)
  await writeFile(file('users'), asLines(people(1500)))
  await t.rejects(run(command(), ['import', file('users'), '--resume']), { code: 'not_found' }, 'with the same file')
  t.ok(core)
})

t.test('what is exported and imported elsewhere is the same, in both formats', async t => {
  const [from, to] = [await setUp(t), await setUp(t)]
  const given = people(40)
  await writeFile(from.file('users'), asLines(given))
  await run(from.command(), ['import', from.file('users')])
  for (const format of ['ndjson', 'csv']) {
    const { stdout } = await run(from.command(), ['export', '--with-hashes', '--format', format])
    await writeFile(to.file('export'), stdout)
    t.match(await runJson(to.command(), ['import', to.file('export'), '--format', format]), { lines: 40, imported: 40 })
    const { stdout: back } = await run(to.command(), ['export', '--with-hashes'])
    t.same(back.trim().split('\n').map(each => JSON.parse(each) as unknown), given)
    await to.sql`TRUNCATE accounts, account_identifiers CASCADE`
  }
  const { stdout } = await run(from.command(), ['export'])
  t.notMatch(stdout, 'passwordHash')
  const table = await run(from.command(), ['export', '--format', 'csv'])
  t.notMatch(table.stdout, /passwordHash|\$2b/)
})

t.test('a file that is not there, and parameters that are missing, are named', async t => {
  const { command, file } = await setUp(t)
  await t.rejects(run(command(), ['import', file('nothing')]), { code: 'ENOENT' })
  await t.rejects(run(command(), ['import', file('nothing'), '--format', 'firebase']), {
    message: /--firebase-parameters/
  })
  await writeFile(file('parameters'), 'rounds: 8')
  const withParameters = ['import', '-', '--format', 'firebase', '--firebase-parameters', file('parameters')]
  await t.rejects(run(command(), withParameters), { message: /base64_signer_key/ })
  await t.rejects(run(command(), ['import', '-', '--format', 'xml']), { code: 'commander.invalidArgument' })
})
