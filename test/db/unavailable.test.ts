import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/client.js'
import { isUnavailable } from '../../src/db/errors.js'
import { accounts } from '../../src/db/schema.js'
import { openTestDatabase } from '../support/database.js'
import { postgresDatabase } from '../support/test-database.js'

const withCode = (code: unknown) => Object.assign(new Error('failed'), { code })

t.test('these codes of driver, system and database say that it cannot answer now', async t => {
  const codes = [
    'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT',
    'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT',
    'EHOSTUNREACH', 'ENETUNREACH',
    '08000', '08001', '08003', '08004', '08006', // connection exceptions
    '28000', '28P01', '3D000', // login refused, wrong password, no such database
    '53000', '53100', '53200', '53300', // no disk, no memory, too many connections
    '57014', '57P01', '57P02', '57P03', '57P05', // cancelled, shut down, crashed, cannot connect now
    '58000', '58030', // system and input/output errors
    '25006', '40001', '40P01', '55P03' // read-only, serialisation failure, deadlock, lock not available
  ]
  for (const code of codes) t.equal(isUnavailable(withCode(code)), true, code)
})

t.test('these say something about the statement, or nothing', async t => {
  const codes = [
    '23505', '23503', '22P02', '42601', '42P01', '42501', '25001', '40002', '55000', 'P0001', '00000',
    '08', '5', '53', '57P', '570000', '', 'EACCES', 'ERR_INVALID_ARG_TYPE', null, undefined, {}
  ]
  for (const code of codes) t.equal(isUnavailable(withCode(code)), false, JSON.stringify(code))
  t.equal(isUnavailable(new Error('no code')), false)
  for (const thrown of [{ code: 'ECONNREFUSED' }, 'ECONNREFUSED', null, undefined]) {
    t.equal(isUnavailable(thrown), false)
  }
})

type Sql = ReturnType<typeof connect>

/** What a statement fails with, over a connection of its own. */
async function failure (sql: Sql, statement = 'SELECT 1'): Promise<unknown> {
  try {
    await sql.unsafe(statement)
    return null
  } catch (error) {
    return error
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const to = (url: string) => connect({ url }, { max: 1 })

/** A listener that does with its connections what it is told. */
async function listening (t: Test, onConnection: (socket: Socket) => void): Promise<{ url: string, server: Server }> {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `postgres://k@127.0.0.1:${(server.address() as AddressInfo).port}/k`, server }
}

t.test('so does what really comes when there is no database', async t => {
  t.ok(isUnavailable(await failure(connect({ socketFolder: '/tmp/keyturn-nobody-is-here' }, { max: 1 }))), 'no socket')
  const { url, server } = await listening(t, () => {})
  server.close()
  await once(server, 'close')
  t.ok(isUnavailable(await failure(to(url))), 'nobody listens')
})

t.test('so does what really comes when a statement is cut short', async t => {
  const url = await postgresDatabase(t)
  t.ok(isUnavailable(await failure(to(url), 'SELECT pg_terminate_backend(pg_backend_pid())')), 'its backend is ended')
  const slow = connect({ url }, { max: 1, connection: { statement_timeout: 20 } })
  t.match(await failure(slow, 'SELECT pg_sleep(10)'), { code: '57014' }, 'it takes too long')
})

t.test('a connection is not waited for longer than a few seconds', async t => {
  const patience = 8_000
  const silent = to((await listening(t, () => {})).url)
  const first = await Promise.race([failure(silent), delay(patience, 'still waiting', { ref: false })])
  t.match(first, { code: 'CONNECT_TIMEOUT' }, 'the other side says nothing')
})

t.test('a statement that takes too long, or waits too long for a lock, is given up', async t => {
  const { sql } = openTestDatabase(t, await postgresDatabase(t))
  const [limits] = await sql`
    SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`
  t.same(limits, { statement: '5s', lock: '4s' })
})

t.test('the core gets its own error for it, with the cause, from SQL by hand and from the query builder', async t => {
  const { sql, query } = openTestDatabase(t, 'postgres://keyturn@127.0.0.1:1/none')
  const expected = { name: 'AuthError', code: 'unavailable', cause: { code: 'ECONNREFUSED' } }
  await t.rejects(sql`SELECT 1`, expected)
  await t.rejects(query.select().from(accounts), expected)
})

t.test('an error of a typed statement names no parameter, since those are emails and hashes', async t => {
  const { query } = openTestDatabase(t, await postgresDatabase(t))
  const account = { id: randomUUID(), email: 'ada@example.com', passwordHash: 'a secret hash' }
  await query.insert(accounts).values(account)
  const error: unknown = await query.insert(accounts).values(account).catch((error: unknown) => error)
  t.match(error, { name: 'PostgresError', code: '23505' })
  t.notMatch(error instanceof Error && `${error.message} ${error.stack}`, /ada@example|secret hash/)
})
