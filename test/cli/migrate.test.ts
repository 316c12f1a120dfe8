import t from 'tap'
import { migrateCommand } from '../../src/cli/migrate.js'
import { run } from '../support/command-line.js'
import { standInForCitus } from '../support/cluster-stand-in.js'
import { embeddedFolder, isOnCitus, postgresDatabase } from '../support/test-database.js'
import { connect } from '../../src/db/client.js'

const KEYTURN_SECRET = 'a secret of at least 32 bytes, no less'

t.test('migrate brings an empty database to the schema, and a second run changes nothing', async t => {
  const url = await postgresDatabase(t, 'template0')
  const sql = connect({ url }, { max: 1 })
  t.teardown(() => sql.end())
  const applied = () => sql`SELECT hash, applied_at FROM schema_migrations ORDER BY hash`

  const { stdout } = await run(migrateCommand({ DATABASE_URL: url, KEYTURN_SECRET }), [])
  t.equal(stdout, 'the database schema is up to date\n')
  t.same(await sql`SELECT count(*)::int AS accounts FROM accounts`, [{ accounts: 0 }])

  const before = await applied()
  t.match(await run(migrateCommand({ DATABASE_URL: url, KEYTURN_SECRET }), []), { stdout, stderr: '' })
  t.same(await applied(), before)
})

t.test('a database that cannot be reached is named as the reason', async t => {
  const DATABASE_URL = 'postgres://keyturn@localhost:1/keyturn'
  await t.rejects(run(migrateCommand({ DATABASE_URL, KEYTURN_SECRET }), []), { message: /ECONNREFUSED/ })
})

t.test('a faulty environment is reported before anything is opened', async t => {
  await t.rejects(run(migrateCommand({ DATABASE_URL: 'postgres://localhost/keyturn', JWT_ALG: 'none' }), []), {
    name: 'ConfigError', problems: [/^JWT_ALG /, /^KEYTURN_SECRET /]
  })
})

t.test('a misspelt variable is reported, and the command runs', async t => {
  const DATABASE_URL = await postgresDatabase(t)
  const env = { DATABASE_URL, KEYTURN_SECRET, REFRESH_TOKEN_TTLS: '1d' }
  const { stdout, stderr } = await run(migrateCommand(env), [])
  t.equal(stdout, 'the database schema is up to date\n')
  t.match(stderr, 'REFRESH_TOKEN_TTLS is not a setting of Keyturn and is ignored; did you mean REFRESH_TOKEN_TTL?')
})

t.test('--distribute says what it does, and with --dry-run does nothing', { skip: isOnCitus }, async t => {
  const url = await postgresDatabase(t)
  const sql = connect({ url }, { max: 1 })
  t.teardown(() => sql.end())
  await standInForCitus(sql, { servers: 2 })
  const command = (...args: string[]) => run(migrateCommand({ DATABASE_URL: url, KEYTURN_SECRET }), args)

  const plan = await command('--distribute', '--dry-run')
  t.match(plan.stdout, /^drop the constraints .*\nspread accounts by id\nspread sessions by account_id, each/)
  t.same(await sql`SELECT * FROM pg_dist_partition`, [])
  t.same(JSON.parse((await command('--distribute', '--dry-run', '--json')).stdout), {
    steps: plan.stdout.trim().split('\n')
  })
  t.match(await command('--distribute'), plan)
  t.match(await command('--distribute'), { stdout: 'nothing to do: the database is distributed\n' })
  t.match(await command('--distribute', '--dry-run'), { stdout: /^nothing would be done/ })
})

t.test('--dry-run names the migrations that are missing, and applies none', async t => {
  const env = { DATABASE_URL: await postgresDatabase(t, 'template0'), KEYTURN_SECRET: 'x'.repeat(32) }
  const command = (...args: string[]) => run(migrateCommand(env), args)
  t.match((await command('--dry-run')).stdout, /^0000_\w+\n.*\n0019_import_progress\n/s)
  t.match(JSON.parse((await command('--dry-run', '--json')).stdout), { migrations: [/^0000_/] })
  await command()
  t.match(await command('--dry-run'), { stdout: 'nothing would be done: the schema is up to date\n' })
  await t.rejects(run(migrateCommand({}), ['--dry-run']), { message: /need DATABASE_URL/ })
})

t.test('--distribute is refused where there is one server', async t => {
  const env = { DATABASE_URL: await postgresDatabase(t, 'template0'), KEYTURN_SECRET }
  await t.rejects(run(migrateCommand(env), ['--distribute', '--dry-run']), { message: /CREATE EXTENSION citus/ })
  const embedded = { DATA_DIR: await embeddedFolder(t) }
  await t.rejects(run(migrateCommand(embedded), ['--distribute']), { message: /need DATABASE_URL/ })
})
