import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import t, { type Test } from 'tap'
import { examineFiles } from '../../src/cli/doctor/files.js'
import { doctorCommand } from '../../src/cli/doctor/index.js'
import { migrateCommand } from '../../src/cli/migrate.js'
import type { Settings } from '../../src/config/settings.js'
import { connect } from '../../src/db/client.js'
import { build } from '../support/build.js'
import { standInForCitus } from '../support/cluster-stand-in.js'
import { run, runJson } from '../support/command-line.js'
import { freePort } from '../support/postgres-server.js'
import { noRedis, startRedis } from '../support/redis-server.js'
import { embeddedFolder, isOnCitus, postgresDatabase } from '../support/test-database.js'

/** Ports that are free, since a Keyturn of the developer may have the usual ones. */
const LISTEN = '127.0.0.1:0=ops'
const KEYTURN_SECRET = randomBytes(32).toString('base64url')

interface Found {
  check: string
  result: 'good' | 'warning' | 'bad'
  finding: string
  remedy: string | null
}

t.afterEach(() => { process.exitCode = 0 })

const examine = async (env: Record<string, string>, now?: () => number): Promise<Found[]> =>
  await runJson(doctorCommand({ LISTEN, ...env }, now), []) as Found[]

/** A database of this version, with a key that KEYTURN_SECRET opens. */
async function migrated (t: Test): Promise<Record<string, string>> {
  const DATABASE_URL = await postgresDatabase(t)
  const env = { LISTEN, DATABASE_URL, KEYTURN_SECRET }
  await run(migrateCommand(env), [])
  await pretend(env, { fsync: 'on', full_page_writes: 'on' })
  return env
}

/** Lets a database report settings of its server that are not so: that of the tests is quick rather than durable. */
async function pretend (env: Record<string, string>, settings: Record<string, string>): Promise<void> {
  const cases = Object.entries(settings).map(([name, value]) => `WHEN '${name}' THEN '${value}'`)
  await execute(env, `
    CREATE SCHEMA IF NOT EXISTS pretended;
    CREATE OR REPLACE FUNCTION pretended.current_setting(name text) RETURNS text LANGUAGE sql AS $$
      SELECT CASE name ${cases.join(' ')} ELSE pg_catalog.current_setting(name) END $$;
    GRANT USAGE ON SCHEMA pretended TO PUBLIC;
    ALTER DATABASE ${databaseOf(env)} SET search_path = pretended, pg_catalog, public`)
}

/** Runs SQL as the owner of a database. */
async function execute ({ DATABASE_URL: url = '' }: Record<string, string>, text: string): Promise<void> {
  const sql = connect({ url }, { max: 1 })
  await sql.unsafe(text).simple()
  await sql.end()
}

t.test('where all is well, nothing is bad', { skip: isOnCitus }, async t => {
  const env = { ...await migrated(t), LISTEN: `127.0.0.1:${await freePort()}=ops` }
  const findings = await examine(env)
  t.same(findings.filter(({ result }) => result !== 'good'), [])
  const { stdout } = await run(doctorCommand(env), [])
  for (const line of [
    /server +│ good +│ 127\.0\.0\.1:\d+ takes writes/, /schema +│ good +│ up to date/,
    /database +│ good +│ Postgres \d\d/,
    /its clock agrees/, /the role may do/, /KEYTURN_SECRET opens all/, /0 mails wait/
  ]) t.match(stdout, line)
  t.not(process.exitCode, 1)
})

t.test('what is wrong is found, each with what to do, and the exit code is 1', { skip: isOnCitus }, async t => {
  const nothing = await freePort()
  const taken = createServer((_request, response) => response.end('another program')).listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => { taken.close() })
  const { port } = taken.address() as AddressInfo
  const folder = t.testdir({ open: `${KEYTURN_SECRET}\n`, closed: { kept: '' } })
  await chmod(join(folder, 'open'), 0o604)

  type Env = Record<string, string>
  type Plant = (env: Env) => Promise<Env> | Env
  const faults: Array<[name: string, plant: Plant, found: Partial<Record<keyof Found, RegExp>>]> = [
    ['a setting that is not valid', env => ({ ...env, ACCESS_TOKEN_TTL: 'long' }),
      { check: /settings/, finding: /^ACCESS_TOKEN_TTL /, remedy: /README/ }],
    ['a port of another program', env => ({ ...env, LISTEN: `127.0.0.1:${port}=ops` }),
      { check: /ports/, finding: /another program/, remedy: /LISTEN/ }],
    ['a folder that is none', ({ LISTEN }) => ({ LISTEN: String(LISTEN), DATA_DIR: join(folder, 'open') }),
      { check: /files/, finding: /cannot be written to/, remedy: /DATA_DIR/ }],
    ['an address that is not of this machine', env => ({ ...env, LISTEN: '192.0.2.1:80=ops' }),
      { check: /ports/, finding: /EADDRNOTAVAIL/, remedy: /HOST/ }],
    ['a secret that all can read', ({ KEYTURN_SECRET: _, ...env }) =>
      ({ ...env, KEYTURN_SECRET_FILE: join(folder, 'open') }),
    { check: /files/, finding: /open to other users/, remedy: /^chmod 600 / }],
    ['another secret than the keys were sealed with', env =>
      ({ ...env, KEYTURN_SECRET: randomBytes(32).toString('base64url') }),
    { check: /keys/, finding: /1 signing keys were sealed with another/, remedy: /KEYTURN_SECRET_PREVIOUS/ }],
    ['a server that is not there', env => ({ ...env, DATABASE_URL: `postgres://127.0.0.1:${nothing}/keyturn` }),
      { check: /server/, finding: /ECONNREFUSED/, remedy: /DATABASE_URL/ }],
    ['a server that takes no writes', async env => {
      await execute(env, `ALTER DATABASE ${databaseOf(env)} SET default_transaction_read_only = true`)
      return env
    }, { check: /server/, finding: /is read-only/, remedy: /promote/ }],
    ['a standby', async env => {
      await execute(env, `
        CREATE FUNCTION pretended.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true';
        ALTER DATABASE ${databaseOf(env)} SET default_transaction_read_only = true`)
      return env
    }, { check: /server/, finding: /is a standby/, remedy: /promote/ }],
    ['a schema that is behind', async env => {
      await execute(env, 'DELETE FROM schema_migrations WHERE hash IN (SELECT hash FROM schema_migrations LIMIT 2)')
      return env
    }, { check: /schema/, finding: /^2 migrations are missing/, remedy: /^keyturn migrate$/ }],
    ['another isolation', async env => {
      await execute(env, `ALTER DATABASE ${databaseOf(env)} SET default_transaction_isolation = 'serializable'`)
      return env
    }, { check: /database/, finding: /serializable/, remedy: /read committed/ }],
    ['a role that lacks rights', async env => {
      const role = `role_${randomUUID().replaceAll('-', '')}`
      await execute(env, `
        CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
        REVOKE DELETE ON sessions FROM ${role}; REVOKE UPDATE ON audit_events FROM ${role};
        GRANT UPDATE (address) ON audit_events TO ${role}`)
      t.teardown(() => execute(env, `DROP OWNED BY ${role}; DROP ROLE ${role}`))
      const url = new URL(env.DATABASE_URL ?? '')
      url.username = role
      return { ...env, DATABASE_URL: url.href }
    }, {
      check: /database/, finding: /lacks DELETE on sessions, UPDATE on audit_events \(details\)$/, remedy: /GRANT/
    }],
    ['no Redis', env => ({ ...env, REDIS_URL: `redis://127.0.0.1:${nothing}` }),
      { check: /redis/, finding: /no answer/, remedy: /REDIS_URL/ }],
    ['no SMTP server', env => ({ ...env, MAIL_URL: `smtp://127.0.0.1:${nothing}` }),
      { check: /mail/, finding: /ECONNREFUSED/, remedy: /MAIL_URL/ }]
  ]
  for (const [name, plant, found] of faults) {
    const findings = await examine(await plant(await migrated(t)))
    const bad = findings.filter(({ result }) => result === 'bad')
    t.equal(bad.length, 1, `${name}: ${JSON.stringify(bad)}`)
    t.match(bad[0], found, name)
    t.equal(process.exitCode, 1, name)
    process.exitCode = 0
  }
})

const databaseOf = ({ DATABASE_URL: url = '' }: Record<string, string>) => new URL(url).pathname.slice(1)

t.test('what deserves attention is a warning, and no failure', { skip: isOnCitus }, async t => {
  const env = await migrated(t)
  await execute(env, `
    INSERT INTO clients (id, name, grants, audience, scope, events_acknowledged_at, events_from)
      VALUES ('client_behind', 'behind', 'events', 'https://behind.example', '', now(), now() - interval '1 h'),
        ('client_current', 'current', 'events', 'https://current.example', '', now(), now());
    INSERT INTO audit_events (account_id, session_id, event, at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'session_revoked', now() - interval '10 min');
    INSERT INTO mails (account_id, id, kind, recipient, created_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'sign-in-code', 'user@example.com', now() - interval '1 h')`)
  const findings = await examine({ ...env, ACCES_TOKEN_TTL: '1h' })
  const warnings = findings.filter(({ result }) => result === 'warning').map(({ finding }) => finding)
  t.match(warnings.join('\n'), /ACCES_TOKEN_TTL is not a setting .* did you mean ACCESS_TOKEN_TTL/)
  t.match(warnings.join('\n'), /client_behind has not fetched events of \d{3} s ago/)
  t.match(warnings.join('\n'), /1 mails wait, the oldest for 60 min/)
  t.ok(findings.some(({ finding }) => finding === 'client_current fetches its events'))
  t.equal(findings.some(({ result }) => result === 'bad'), false)
  t.not(process.exitCode, 1)
})

t.test('a folder whose disk is full is a warning, its secret closed to others is good', async t => {
  const dataDir = await embeddedFolder(t)
  await writeFile(join(dataDir, 'secret'), `${KEYTURN_SECRET}\n`, { mode: 0o600 })
  const database = { url: undefined, dataDir } as Settings['database']
  t.match(await examineFiles({}, { database }, Infinity), [
    { result: 'good', finding: /secret is closed to other users$/ }, { result: 'warning', finding: /\d MiB left$/ }
  ])
  const missing = { ...database, dataDir: join(dataDir, 'not', 'made', 'yet') }
  t.match(await examineFiles({}, { database: missing }), [{ result: 'good', finding: /can be written to$/ }])
})

t.test('an address of IPv6 is written as such', async t => {
  const findings = await examine({ DATA_DIR: await embeddedFolder(t), LISTEN: `[::1]:${await freePort()}=ops` })
  t.match(findings.find(({ check }) => check === 'ports'), { finding: /^\[::1\]:\d+ / })
})

t.test('clocks that differ are bad, whichever is ahead', { skip: isOnCitus }, async t => {
  const env = await migrated(t)
  for (const [offset, words] of [[60_000, /60 s behind this/], [-60_000, /60 s ahead of this/]] as const) {
    const findings = await examine(env, () => Date.now() + offset)
    t.match(findings.find(({ result }) => result === 'bad'), { finding: words, remedy: /NTP/ })
  }
})

t.test('an old Postgres, and one that may lose what it has written, are bad', { skip: isOnCitus }, async t => {
  const env = await migrated(t)
  await pretend(env, { server_version_num: '140011', fsync: 'off' })
  const bad = (await examine(env)).filter(({ result }) => result === 'bad').map(({ remedy }) => remedy)
  t.same(bad, ['upgrade it to 15 or later', 'turn both on'])
})

t.test('standbys are shown, one that is far behind as a warning', { skip: isOnCitus }, async t => {
  const env = await migrated(t)
  await execute(env, `
    CREATE VIEW pretended.pg_stat_replication AS
      SELECT * FROM (VALUES ('near', 'streaming', interval '1 s'), ('far', 'streaming', interval '5 min'))
        AS standby (application_name, state, replay_lag)`)
  const findings = await examine(env)
  t.match(findings.filter(({ finding }) => finding.startsWith('standby')), [
    { result: 'good', finding: 'standby near follows' },
    { result: 'warning', finding: 'standby far is 300 s behind' }
  ])
})

t.test('a Keyturn that runs has its own ports, and no fault', async t => {
  const { settings, addresses } = await build(t)
  const [address = ''] = addresses
  const { host } = new URL(address)
  const findings = await examine({ DATABASE_URL: settings.database.url ?? '', KEYTURN_SECRET, LISTEN: `${host}=spa` })
  t.match(findings.find(({ check }) => check === 'ports'), { result: 'good', finding: `Keyturn listens on ${host}` })
})

t.test('Redis and SMTP that answer are good', { skip: noRedis }, async t => {
  const smtp = new SMTPServer({ authOptional: true })
  smtp.listen(0, '127.0.0.1')
  await once(smtp.server, 'listening')
  t.teardown(() => { smtp.close() })
  const { port } = smtp.server.address() as AddressInfo
  const { url: REDIS_URL } = await startRedis(t)
  const findings = await examine({
    DATA_DIR: await embeddedFolder(t), REDIS_URL, MAIL_URL: `smtp://127.0.0.1:${port}`
  })
  const ofServices = findings.filter(({ check }) => check === 'redis' || check === 'mail')
  t.match(ofServices, [{ result: 'good' }, { result: 'good' }])
})

t.test('a schema that is behind is bad, and not touched', async t => {
  const DATABASE_URL = await postgresDatabase(t, 'template0')
  const env = { DATABASE_URL, KEYTURN_SECRET }
  const behind = { check: 'schema', result: 'bad', finding: /^\d+ migrations are missing$/ }
  t.match((await examine(env)).at(-1), behind)
  t.match((await examine(env)).at(-1), behind)
  t.equal(process.exitCode, 1)
})

t.test('one of several servers has to take writes', async t => {
  const url = new URL(await postgresDatabase(t))
  const nothing = `127.0.0.1:${await freePort()}`
  const withStandby = `postgres://${url.username}@${nothing},${url.host}${url.pathname}`
  const findings = await examine({ DATABASE_URL: withStandby, KEYTURN_SECRET })
  const servers = findings.filter(({ check }) => check === 'server')
  t.match(servers, [
    { result: 'warning', finding: new RegExp(`${nothing}: .*ECONNREFUSED`) },
    { result: 'good', finding: `${url.host} takes writes` }
  ])
  const none = { DATABASE_URL: `postgres://${nothing}/keyturn`, KEYTURN_SECRET }
  t.match((await examine(none)).at(-1), { check: 'server', result: 'bad' })
  t.equal(process.exitCode, 1)
})

t.test('tables of a cluster that have no place are bad', { skip: isOnCitus }, async t => {
  const DATABASE_URL = await postgresDatabase(t)
  const sql = connect({ url: DATABASE_URL }, { max: 1 })
  t.teardown(() => sql.end())
  await standInForCitus(sql, { servers: 3 })
  const cluster = async () =>
    (await examine({ DATABASE_URL, KEYTURN_SECRET })).find(({ check }) => check === 'cluster')
  t.match(await cluster(), { result: 'bad', finding: '14 steps are missing', remedy: /^keyturn migrate/ })
  await sql`
    INSERT INTO pg_dist_partition
    SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
  t.match(await cluster(), {
    check: 'cluster', result: 'good', finding: 'Citus, 3 servers take rows, all tables are placed'
  })
})

t.test('risky settings are warnings; the embedded database has nothing to look at', async t => {
  const env = { DATA_DIR: await embeddedFolder(t), ACCESS_TOKEN_TTL: '60d' }
  const findings = await examine(env)
  t.match(findings.at(-1), { check: 'database', result: 'good', finding: /^embedded/ })
  t.ok(findings.every(({ check, result }) => check !== 'settings' || result === 'warning'))
  t.ok(findings.length > 1)
  t.not(process.exitCode, 1)
})
