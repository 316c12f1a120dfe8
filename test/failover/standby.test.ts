import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { examineServers } from '../../src/cli/doctor/servers.js'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase, type DatabaseOptions } from '../../src/db/database.js'
import { createPostgresNotifier } from '../../src/notifiers/postgres.js'
import { startPair } from '../support/postgres-pair.js'
import { until } from '../support/until.js'

const pair = await startPair()
t.teardown(() => pair.stop())

function open (t: Test, options: Partial<DatabaseOptions> & { url: string }) {
  const { url, ...more } = options
  const database = openDatabase({ target: { url }, poolMax: 2, toUnavailable: unavailable, ...more })
  t.teardown(() => database.close())
  return database
}

async function ask (url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(statement).finally(() => sql.end())
}

const committing = async (sql: ReturnType<typeof openDatabase>['sql']) => {
  const [row] = await sql`SELECT current_setting('synchronous_commit') AS value`
  return row?.value
}

t.test('what a standby answers is not believed, and it is not ready', async t => {
  const { sql, isWritable } = open(t, { url: pair.standby.url })
  for (const statement of [sql`SELECT 1`, sql`SELECT 1`, sql`CREATE TABLE things (id int)`]) {
    await t.rejects(statement, { name: 'AuthError', code: 'unavailable' })
  }
  t.equal(await isWritable(), false)
})

t.test('of several servers the one that takes writes is used, wherever it stands', async t => {
  const { port } = new URL(pair.standby.url)
  const standbyFirst = `postgres://keyturn@127.0.0.1:${port},127.0.0.1:${new URL(pair.primary.url).port}/postgres`
  const { sql, servers, isWritable } = open(t, { url: standbyFirst })
  await servers.search()
  t.equal(await isWritable(), true)
  t.same(await sql`SELECT pg_is_in_recovery() AS "isStandby"`, [{ isStandby: false }])
})

t.test('the doctor tells a standby from a server that takes writes', async t => {
  const { port } = new URL(pair.standby.url)
  const standbyFirst = `postgres://keyturn@127.0.0.1:${port},127.0.0.1:${new URL(pair.primary.url).port}/postgres`
  const { findings, primary } = await examineServers(standbyFirst)
  t.match(findings, [{ result: 'good', finding: /is a standby$/ }, { result: 'good', finding: /takes writes$/ }])
  t.match(primary?.url, new URL(pair.primary.url).port)
})

t.test('of several servers none of which takes writes, statements fail at once', async t => {
  const { port } = new URL(pair.standby.url)
  const { sql, servers } = open(t, { url: `postgres://keyturn@127.0.0.1:${port},127.0.0.1:1/postgres` })
  await servers.search()
  const since = performance.now()
  await t.rejects(sql`SELECT 1`, { code: 'unavailable' })
  t.ok(performance.now() - since < 1_000)
})

t.test('a server that only reads from now on is left, and used again when it writes again', async t => {
  const { sql } = open(t, { url: pair.primary.url })
  await ask(pair.primary.url, 'CREATE TABLE written (id int)')
  const setReadOnly = async (value: string) => {
    await ask(pair.primary.url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await ask(pair.primary.url, 'SELECT pg_reload_conf()')
  }
  const write = () => sql`INSERT INTO written VALUES (1)`.then(() => true, () => false)
  const pid = async () => (await sql`SELECT pg_backend_pid() AS pid`)[0]?.pid
  const before = await pid()
  await setReadOnly('on')
  await until('it refuses writes', async () => !await write())
  t.not(await pid(), before, 'by another connection')
  await setReadOnly('off')
  await until('it writes again', write)
})

t.test('a database that says nothing is not ready within a second, and its connection is left', async t => {
  const sockets: Socket[] = []
  const silent = createServer(socket => { sockets.push(socket) })
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { isWritable } = open(t, { url: `postgres://x@127.0.0.1:${(silent.address() as AddressInfo).port}/x` })
  const since = performance.now()
  t.equal(await isWritable(), false)
  t.ok(performance.now() - since < 3_000)
})

t.test('commits are durable, also where the server\'s setting promises less; refreshes can be local', async t => {
  const on = open(t, { url: pair.primary.url })
  t.equal(await committing(on.sql), 'on')
  t.equal(on.refreshSql, on.sql)

  const local = open(t, { url: pair.primary.url, refreshCommit: 'local' })
  t.equal(await committing(local.sql), 'on')
  t.equal(await committing(local.refreshSql), 'local')

  await ask(pair.primary.url, 'ALTER ROLE keyturn SET synchronous_commit = off')
  const lax = open(t, { url: pair.primary.url, refreshCommit: 'local' })
  t.equal(await committing(lax.sql), 'on')
  t.equal(await committing(lax.refreshSql), 'local')
  await ask(pair.primary.url, 'ALTER ROLE keyturn SET synchronous_commit = remote_apply')
  t.equal(await committing(open(t, { url: pair.primary.url }).sql), 'remote_apply', 'more is left as it is')
  await ask(pair.primary.url, 'ALTER ROLE keyturn RESET synchronous_commit')
})

t.test('with its synchronous standby away a commit is given up, and holds no connection of the server', async t => {
  const { sql, refreshSql } = open(t, { url: pair.primary.url, refreshCommit: 'local' })
  await ask(pair.primary.url, 'CREATE TABLE committed (id int)')
  await pair.synchronize()
  await pair.standby.shutDown()
  t.same(await refreshSql`INSERT INTO committed VALUES (1) RETURNING id`, [{ id: 1 }], 'a refresh waits for nobody')
  const ends = [2, 3, 4].map(id => sql`INSERT INTO committed VALUES (${id})`)
  for (const end of ends) await t.rejects(end, { code: 'unavailable' })
  const waiting = async () => (await refreshSql`
    SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'keyturn'`).length
  await until('none waits', async () => await waiting() === 0)
  await pair.standby.restart()
  await until('commits go on', () => sql`INSERT INTO committed VALUES (5)`.then(() => true, () => false))
})

t.test('after a failover notifications arrive from the new primary', async t => {
  const { sql, servers } = open(t, { url: pair.url })
  const errors: unknown[] = []
  const notifier = createPostgresNotifier({ sql, servers, onError: error => { errors.push(error) } })
  t.teardown(() => notifier.close())
  let notified = 0
  notifier.onNotify(() => { notified += 1 })
  await until('it is notified', () => { notifier.notify(); return notified > 0 })

  await pair.failOver()
  await until('statements are answered', () => sql`SELECT 1`.then(() => true, () => false))
  notified = 0
  await until('it is notified by the other', () => { notifier.notify(); return notified > 0 })
  t.equal(new URL(servers.current.url).port, new URL(pair.primary.url).port)
})
