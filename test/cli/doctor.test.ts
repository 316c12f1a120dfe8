import t from 'tap'
import { doctorCommand } from '../../src/cli/doctor.js'
import { connect } from '../../src/db/client.js'
import { standInForCitus } from '../support/cluster-stand-in.js'
import { run, runJson } from '../support/command-line.js'
import { freePort } from '../support/postgres-server.js'
import { embeddedFolder, isOnCitus, postgresDatabase } from '../support/test-database.js'

const KEYTURN_SECRET = 'a secret of at least 32 bytes, no less'

t.afterEach(() => { process.exitCode = 0 })

t.test('a database of this version on a server that takes writes is good', { skip: isOnCitus }, async t => {
  const DATABASE_URL = await postgresDatabase(t)
  const { stdout } = await run(doctorCommand({ DATABASE_URL, KEYTURN_SECRET }), [])
  t.match(stdout, /server +│ good +│ 127\.0\.0\.1:\d+ takes writes/)
  t.match(stdout, /schema +│ good +│ up to date/)
  t.not(process.exitCode, 1)
})

t.test('a schema that is behind is bad, and not touched', async t => {
  const DATABASE_URL = await postgresDatabase(t, 'template0')
  const env = { DATABASE_URL, KEYTURN_SECRET }
  const behind = { check: 'schema', result: 'bad', finding: /^\d+ migrations are missing: keyturn migrate$/ }
  t.match(await runJson(doctorCommand(env), []), [{ check: 'server', result: 'good' }, behind])
  t.match(await runJson(doctorCommand(env), []), [{ check: 'server', result: 'good' }, behind])
  t.equal(process.exitCode, 1)
})

t.test('one of several servers has to take writes', async t => {
  const url = new URL(await postgresDatabase(t))
  const nothing = `127.0.0.1:${await freePort()}`
  const withStandby = `postgres://${url.username}@${nothing},${url.host}${url.pathname}`
  t.match(await runJson(doctorCommand({ DATABASE_URL: withStandby, KEYTURN_SECRET }), []), [
    { result: 'good', finding: `${nothing} takes no writes, or does not answer` },
    { result: 'good', finding: `${url.host} takes writes` },
    { check: 'schema', result: 'good' }
  ])
  const none = { DATABASE_URL: `postgres://${nothing}/keyturn`, KEYTURN_SECRET }
  t.match(await runJson(doctorCommand(none), []), [{ check: 'server', result: 'bad' }])
  t.equal(process.exitCode, 1)
})

t.test('tables of a cluster that have no place are bad', { skip: isOnCitus }, async t => {
  const DATABASE_URL = await postgresDatabase(t)
  const sql = connect({ url: DATABASE_URL }, { max: 1 })
  t.teardown(() => sql.end())
  await standInForCitus(sql, { servers: 3 })
  const cluster = async () =>
    (await runJson(doctorCommand({ DATABASE_URL, KEYTURN_SECRET }), []) as unknown[]).at(-1)
  t.match(await cluster(), { check: 'cluster', result: 'bad', finding: /^14 steps are missing: keyturn migrate/ })
  await sql`
    INSERT INTO pg_dist_partition
    SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
  t.match(await cluster(), {
    check: 'cluster', result: 'good', finding: 'Citus, 3 servers take rows, all tables are placed'
  })
})

t.test('risky settings are warnings; the embedded database has nothing to look at', async t => {
  const env = { DATA_DIR: await embeddedFolder(t), ACCESS_TOKEN_TTL: '60d' }
  const findings = await runJson(doctorCommand(env), []) as Array<{ check: string, result: string }>
  t.match(findings.at(-1), { check: 'database', result: 'good', finding: /^embedded/ })
  t.ok(findings.slice(0, -1).every(({ check, result }) => check === 'settings' && result === 'warning'))
  t.ok(findings.length > 1)
  t.not(process.exitCode, 1)
})
