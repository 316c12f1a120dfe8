import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { openBackend } from '../../src/backend.js'
import { loadSettings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'
import type { Core } from '../../src/core/index.js'
import { connect } from '../../src/db/client.js'
import { migrate } from '../../src/db/migrate.js'
import { signedIn } from '../support/accounts.js'
import { testLog } from '../support/build.js'
import { embeddedFolder, postgresDatabase } from '../support/test-database.js'
import { opened } from '../support/embedded.js'

const rounds = 10
const starters = 3

/** A database without a table, and a connection to look into it. */
async function emptyDatabase (t: Test) {
  const url = await postgresDatabase(t, 'template0')
  const sql = connect({ url }, { max: 1 })
  t.teardown(() => sql.end({ timeout: 1 }))
  return { url, sql }
}

t.test('of several that start together on an empty database each comes up and each migration runs once', async t => {
  const databases = []
  while (databases.length < rounds) databases.push(await emptyDatabase(t))
  await Promise.all(databases.map(async ({ url, sql }, round) => {
    const applied = await Promise.all(Array.from({ length: starters }, () => migrate({ url })))
    const recorded = (await sql`SELECT hash FROM schema_migrations`).length
    t.ok(recorded > 0)
    t.equal(applied.reduce((sum, count) => sum + count), recorded, `round ${round}: ${applied.join(' + ')}`)
    t.same(await sql`SELECT FROM accounts NATURAL JOIN sessions NATURAL JOIN signing_keys`, [], 'the tables are there')
  }))
})

t.test('a second run applies nothing', async t => {
  const { url, sql } = await emptyDatabase(t)
  t.ok(await migrate({ url }) > 0)
  const tables = await schemaOf(sql)
  t.equal(await migrate({ url }), 0)
  t.equal(await schemaOf(sql), tables)
})

t.test('a migration that fails leaves nothing of itself, and the next run does it', async t => {
  const { url, sql } = await emptyDatabase(t)
  await sql`CREATE VIEW sessions AS SELECT 1`
  await t.rejects(migrate({ url }), { name: 'PostgresError', message: /"sessions"/ })
  t.same(await sql`SELECT * FROM schema_migrations`, [])
  t.same(await sql`SELECT to_regclass('accounts') AS accounts`, [{ accounts: null }])

  await sql`DROP VIEW sessions`
  t.ok(await migrate({ url }) > 0)
})

t.test('the embedded database gets the same schema', async t => {
  const { url, sql } = await emptyDatabase(t)
  await migrate({ url })
  const dataDir = await embeddedFolder(t)
  const { socketFolder } = await opened(t, dataDir)
  const embedded = connect({ socketFolder }, { max: 1 })
  t.teardown(() => embedded.end({ timeout: 1 }))
  await migrate({ socketFolder })
  t.equal(await schemaOf(embedded), await schemaOf(sql))
})

t.test('several servers that start together on an empty database make one signing key and know its tokens', async t => {
  const { url, sql } = await emptyDatabase(t)
  const KEYTURN_SECRET = randomBytes(32).toString('base64url')
  const settings = loadSettings({ DATABASE_URL: url, KEYTURN_SECRET, DATABASE_POOL_MAX: '3' }, contractNames)
  const backends = await Promise.all(Array.from({ length: 5 }, async () => {
    const backend = await openBackend({ settings, log: testLog().log, now: Date.now })
    t.teardown(() => backend.close())
    return backend
  }))
  await Promise.all(backends.map(backend => backend.prepare()))

  t.equal((await sql`SELECT kid FROM signing_keys`).length, 1)
  const cores: Core[] = backends.map(({ core }) => core)
  for (const core of cores) {
    const { accessToken, account } = await signedIn(core)
    const principals = await Promise.all(cores.map(other => other.validation.authenticate(accessToken)))
    t.ok(principals.every(principal => principal.accountId === account.id))
  }
})

/** Every column and index of every table, as text. */
async function schemaOf (sql: ReturnType<typeof connect>): Promise<string> {
  const columns = await sql<{ line: string }[]>`
    SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`
  const indexes = await sql<{ line: string }[]>`
    SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname`
  return [...columns, ...indexes].map(({ line }) => line).join('\n')
}
