import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createConnection, type Connection } from '../../src/db/connection.js'
import { openPool } from '../../src/db/pool.js'
import { postgresDatabase } from '../support/test-database.js'
import { until } from '../support/until.js'

const unavailable = (cause: unknown) => Object.assign(new Error('unavailable', { cause }), { name: 'Unavailable' })
const options = {
  deadlineMs: 200,
  toUnavailable: unavailable,
  isLost: () => false,
  onServerLost: () => {},
  onDeadlineMissed: () => {}
}

/** A connection of the pool; `drivers` are the clients it has had. */
function connectionTo (t: Test, url: string, check = 'SELECT true AS "isPrimary"') {
  const drivers: postgres.Sql[] = []
  const connection = createConnection({
    open (onclose) {
      const driver = postgres(url, { max: 1, connect_timeout: 3, onclose, onnotice: () => {} })
      drivers.push(driver)
      return driver
    },
    check,
    onLeave: () => {}
  })
  t.teardown(() => Promise.all(drivers.map(driver => driver.end({ timeout: 0 }))))
  return { connection, drivers }
}

async function setUp (t: Test) {
  const { connection } = connectionTo(t, await postgresDatabase(t))
  return { driver: connection.client, sql: openPool([connection], options) }
}

t.test('what is answered in time is answered as ever', async t => {
  const { sql } = await setUp(t)
  await sql`CREATE TABLE things (id int)`
  const part = sql`id > ${1}`
  t.same(await sql`INSERT INTO things SELECT unnest(ARRAY[1, 2, 3]) RETURNING id`, [{ id: 1 }, { id: 2 }, { id: 3 }])
  t.same(await sql.unsafe('SELECT id FROM things WHERE id = $1', [2]), [{ id: 2 }], 'also given as text')
  t.same(await sql`SELECT id FROM things WHERE ${part} AND id < ${3}`, [{ id: 2 }])
  const statement = sql`SELECT count(*)::int FROM things`
  t.same(await Promise.all([statement, statement]), [[{ count: 3 }], [{ count: 3 }]], 'awaited twice, sent once')
  await t.rejects(sql`SELECT nothing`, { code: '42703' })
  t.equal(await sql`SELECT nothing`.catch(() => 'caught'), 'caught')
  let ran = false
  await sql`SELECT 1`.finally(() => { ran = true })
  t.equal(ran, true)
})

t.test('a statement that waits behind another is given up, as if it had been cancelled', async t => {
  const { driver, sql } = await setUp(t)
  const busy = driver`SELECT pg_sleep(1)`.execute()
  const error: unknown = await sql`SELECT 1`.catch((error: unknown) => error)
  t.match(error, { name: 'Unavailable', cause: { code: '57014' } })
  await busy
  t.same(await sql`SELECT 1 AS one`, [{ one: 1 }], 'the connection is well')
})

t.test('a connection that is left while it opens leaves none behind', async t => {
  const url = await postgresDatabase(t)
  const { connection } = connectionTo(t, url)
  const sql = openPool([connection], { ...options, deadlineMs: 1 })
  const busy = connection.client`SELECT pg_sleep(0.2)`.execute()
  await t.rejects(sql`SELECT 1`, { name: 'Unavailable' })
  await busy
  const observer = postgres(url, { max: 1 })
  t.teardown(() => observer.end())
  const others = async () => (await observer`
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).length
  await until('it is closed', async () => await others() === 0)
  await delay(300)
  t.equal(await others(), 0)
})

t.test('a standby is asked again a quarter of a second later, not by each statement', async t => {
  const { connection, drivers } = connectionTo(t, await postgresDatabase(t), 'SELECT false AS "isPrimary"')
  const sql = openPool([connection], { ...options, deadlineMs: 5_000 })
  for (let each = 0; each < 50; each += 1) {
    await t.rejects(sql`SELECT 1`, { name: 'Unavailable', cause: { code: '25006' } })
  }
  const opened = drivers.length
  t.ok(opened < 25, `${opened} clients`)
  await delay(300)
  await t.rejects(sql`SELECT 1`, { name: 'Unavailable' })
  t.equal(drivers.length, opened + 1)
})

t.test('a database that takes connections and says nothing is given up too', async t => {
  const sockets: Socket[] = []
  const silent = createServer(socket => { sockets.push(socket.resume()) })
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const { port } = silent.address() as AddressInfo
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { connection, drivers } = connectionTo(t, `postgres://x@127.0.0.1:${port}/x`)
  const sql = openPool([connection], options)
  await t.rejects(sql`SELECT 1`, { name: 'Unavailable', cause: { code: '57014' } })
  t.equal(drivers.length, 2, 'and left: the next statement goes to a new client')
  await t.rejects(sql`SELECT 1`, { name: 'Unavailable', cause: { code: '57014' } })
  await until('it connects again', () => sockets.length === 2)
})

t.test('a statement goes to the connection with the least to do', async t => {
  const url = await postgresDatabase(t)
  const connections = [connectionTo(t, url).connection, connectionTo(t, url).connection] as const
  const sql = openPool(connections, { ...options, deadlineMs: 5_000 })
  const slow = sql`SELECT pg_sleep(0.3), pg_backend_pid() AS pid`.then(([row]) => row?.pid)
  const quick = await Promise.all([1, 2, 3].map(async () => {
    const [row] = await sql`SELECT pg_backend_pid() AS pid`
    return row?.pid
  }))
  t.not(quick[0], await slow, 'not behind the slow one')
  const [{ pid }] = await sql<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`
  t.equal(pid, await slow, 'with nothing to do, always to the first')
})

t.test('a statement that was rolled back for the sake of another is repeated, a few times', async t => {
  const { sql } = await setUp(t)
  await sql.unsafe('CREATE SEQUENCE attempts')
  await sql.unsafe(`
    CREATE FUNCTION attempt(failures int, state text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
      attempt bigint := nextval('attempts');
    BEGIN
      IF attempt <= failures THEN RAISE EXCEPTION USING ERRCODE = state; END IF;
      RETURN attempt;
    END$$`)
  const attempt = async (failures: number, state: string) => {
    await sql`SELECT setval('attempts', 1, false)`
    const name = sql`attempt`
    const [row] = await sql<[{ attempt: number }]>`SELECT ${name}(${failures}, ${state})`
    return Number(row.attempt)
  }
  t.equal(await attempt(1, '40P01'), 2, 'a deadlock')
  t.equal(await attempt(3, '40001'), 4, 'a serialization failure')
  await t.rejects(attempt(4, '40P01'), { name: 'Unavailable' })
  await t.rejects(attempt(1, '23505'), { code: '23505' }, 'nothing else is')
})

t.test('a statement that fails while it sends rows leaves no holes in the next result', async t => {
  const { sql, driver } = await setUp(t)
  const fails = () => sql`SELECT 1 / (5 - i) FROM generate_series(1, 10) AS i`
  const two = () => sql`SELECT i FROM generate_series(1, 2) AS i`
  await t.rejects(fails(), { code: '22012' })
  t.notOk(0 in await driver`SELECT 1`, 'the driver itself does')

  await t.rejects(fails(), { code: '22012' })
  const [first, ...others] = await two()
  t.same([first, ...others], [{ i: 1 }, { i: 2 }])

  await t.rejects(fails(), { code: '22012' })
  t.same(await sql.unsafe('SELECT 1 AS one').values(), [[1]], 'also as arrays')

  await t.rejects(fails(), { code: '22012' })
  t.same(await sql`SELECT 1 WHERE false`, [])
  const crowd = await Promise.all([two(), fails().catch(() => 'failed'), two(), two()])
  t.same(crowd, [[{ i: 1 }, { i: 2 }], 'failed', [{ i: 1 }, { i: 2 }], [{ i: 1 }, { i: 2 }]], 'pipelined too')
})

t.test('nor in the first result of the next connection', async t => {
  const url = await postgresDatabase(t)
  const { connection } = connectionTo(t, url)
  const sql = openPool([connection], { ...options, deadlineMs: 5_000 })
  const observer = postgres(url, { max: 1 })
  t.teardown(() => observer.end())
  const [{ pid }] = await sql<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`
  await t.rejects(sql`SELECT 1 / (5 - i) FROM generate_series(1, 10) AS i`, { code: '22012' })
  await observer`SELECT pg_terminate_backend(${pid})`
  const next = async () => await sql`SELECT pg_backend_pid() AS pid`.catch(() => [])
  let rows: postgres.Row[] = []
  await until('there is a new connection', async () => { rows = await next(); return rows.length === 1 })
  t.not(rows[0]?.pid, pid)
})

t.test('an answer whose check gets none is given up at the deadline, and the connection left', async t => {
  const { driver } = await setUp(t)
  const left: unknown[] = []
  const connection: Connection = {
    client: driver,
    inFlight: 0,
    begin: () => () => new Promise<boolean>(() => {}),
    isResting: () => false,
    leave: client => { left.push(client) }
  }
  await t.rejects(openPool([connection], options)`SELECT 1`, { name: 'Unavailable', cause: { code: '57014' } })
  t.same([left.length, left[0] === driver, connection.inFlight], [1, true, 0])
})
