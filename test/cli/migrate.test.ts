import t from 'tap'
import { migrateCommand } from '../../src/cli/migrate.js'
import { run } from '../support/command-line.js'
import { postgresDatabase } from '../support/test-database.js'
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
