import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { startServer, type Server } from '../src/server/server.js'
import { build, buildSettings, testLog } from './support/build.js'
import { cuttable } from './support/cuttable.js'
import { post, send, type Reply } from './support/http.js'
import { expectKeys } from './support/expect-keys.js'
import { matchesOpenapi } from './support/matches-openapi.js'
import { freePort } from './support/postgres-server.js'
import { newPerson, registered, signedUp, type Person, type Tokens } from './support/people.js'
import { withOverrides } from './support/settings.js'

/* Without its database Keyturn says so; told 401 instead, a client would throw its session away. */

/** Every route that needs the database, with a body that is good. */
const requests = {
  login: ({ email, password }: Person) => ({ email, password }),
  'validate-token': ({ token }: Tokens) => ({ token }),
  'refresh-token': ({ refreshToken }: Tokens) => ({ refreshToken }),
  'revoke-token': ({ refreshToken }: Tokens) => ({ refreshToken }),
  register: () => newPerson()
}

function isUnavailable (t: Test, route: string, reply: Reply): void {
  t.equal(reply.status, 503, `${route}: 503`)
  t.equal(reply.headers.get('retry-after'), '1')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  t.equal(reply.headers.get('www-authenticate'), null)
  const contract = route === 'register' ? 'spa' : 'partner'
  matchesOpenapi(t, contract, `POST /api/auth/${route}`, reply)
  if (contract === 'spa') expectKeys(t, reply.body, 'detail')
  else t.match(reply.body.error, { code: 'UNAVAILABLE', reason: 'overloaded', retryable: true })
}

async function allUnavailable (t: Test, { api, ops }: { api: string, ops: string }, person: Person & Tokens) {
  for (const [route, bodyOf] of Object.entries(requests)) {
    isUnavailable(t, route, await post(`${api}/api/auth/${route}`, bodyOf(person)))
  }
  const token = `${person.token.slice(0, -1)}${person.token.endsWith('A') ? 'Q' : 'A'}`
  const forged = await post(`${api}/api/auth/validate-token`, { token })
  t.ok([401, 503].includes(forged.status), 'a token that is surely bad may be refused')

  const ready = await send(`${ops}/readyz`)
  t.equal(ready.status, 503)
  t.equal(ready.headers.get('retry-after'), '1')
  expectKeys(t, ready.body, 'success', 'error')
  matchesOpenapi(t, 'ops', 'GET /readyz', ready)
  t.equal((await send(`${ops}/livez`)).status, 200, 'it is alive, and must not be restarted')
}

/** Its first listener has the API, its last one is for operators. */
function ends ({ addresses }: Server): { api: string, ops: string } {
  return { api: addresses.at(0) ?? '', ops: addresses.at(-1) ?? '' }
}

t.test('a server that has never seen its database is alive, not ready, and answers 503', async t => {
  const elsewhere = await build(t)
  const person = await signedUp(elsewhere.api)
  const settings = await buildSettings(t, {
    settings: { ...elsewhere.settings, database: { url: `postgres://keyturn@127.0.0.1:${await freePort()}/keyturn` } }
  })
  const server = await startServer({ settings, log: testLog().log, now: Date.now })
  t.teardown(() => server.stop())
  await allUnavailable(t, ends(server), person)
})

t.test('a server whose database goes away answers 503, and is well when it comes back', async t => {
  const settings = await buildSettings(t)
  const way = await cuttable(t, settings.database.url ?? '')
  const server = await build(t, { settings: { ...settings, database: { url: way.url } } })
  const person = await signedUp(server.api)
  t.equal((await send(`${server.ops}/readyz`)).status, 200)

  await way.cut()
  await allUnavailable(t, server, person)

  await way.mend()
  await becomesReady(server.ops)
  const { status, body } = await post(`${server.api}/api/auth/refresh-token`, person)
  t.equal(status, 200, 'no session was lost')
  t.equal((await post(`${server.api}/api/auth/validate-token`, { token: body.data.token })).status, 200)
  await registered(server.api)
  t.notMatch(server.log.join(''), /"level":60/)
  t.notMatch(server.log.join(''), 'unexpected error')
})

/** The driver waits between its attempts to connect. */
async function becomesReady (ops: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(50)) {
    if ((await send(`${ops}/readyz`)).status === 200) return
  }
  throw new Error('not ready in 15 s')
}

type Order = 'NOLOGIN' | 'LOGIN' | 'CONNECTION LIMIT 0' | 'CONNECTION LIMIT 99' | 'READ ONLY' | 'READ WRITE'

/** A server whose role the database can refuse, and what the role's database is told. */
async function refusable (t: Test) {
  const settings = await buildSettings(t)
  const owner = postgres(settings.database.url ?? '', { max: 1, onnotice: () => {} })
  const role = `role_${randomUUID().replaceAll('-', '')}`
  await owner.unsafe(`CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`)
  const url = new URL(settings.database.url ?? '')
  const database = url.pathname.slice(1)
  url.username = role
  t.teardown(async () => {
    await owner.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await owner.end()
  })
  const server = await build(t, { settings: { ...settings, database: { url: url.href } } })
  return {
    server,
    /** Tells the database, and ends the role's connections: the next ones are told so too. */
    tell: async (order: Order): Promise<void> => {
      await owner.unsafe(order.startsWith('READ')
        ? `ALTER DATABASE ${database} SET default_transaction_read_only = ${order === 'READ ONLY'}`
        : `ALTER ROLE ${role} ${order}`)
      await owner`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`
    }
  }
}

t.test('a database that refuses the login, or has no connection left, is a database that is not there', async t => {
  const { server, tell } = await refusable(t)
  const person = await signedUp(server.api)
  for (const [refusal, cure] of [['NOLOGIN', 'LOGIN'], ['CONNECTION LIMIT 0', 'CONNECTION LIMIT 99']] as const) {
    await tell(refusal)
    await allUnavailable(t, server, person)
    await tell(cure)
    await becomesReady(server.ops)
  }
  t.equal((await post(`${server.api}/api/auth/refresh-token`, person)).status, 200, 'no session was lost')
  t.notMatch(server.log.join(''), 'unexpected error')
})

t.test('a database that can only be read is not ready; what needs no write is answered all the same', async t => {
  const { server, tell } = await refusable(t)
  const person = await signedUp(server.api)
  await tell('READ ONLY')
  for (const route of ['login', 'refresh-token', 'register'] as const) {
    isUnavailable(t, route, await post(`${server.api}/api/auth/${route}`, requests[route](person)))
  }
  t.equal((await send(`${server.ops}/readyz`)).status, 503)
  t.equal((await post(`${server.api}/api/auth/validate-token`, person)).status, 200)
  await tell('READ WRITE')
  await becomesReady(server.ops)
  t.equal((await post(`${server.api}/api/auth/refresh-token`, person)).status, 200, 'no session was lost')
})

t.test('a database that comes after the server makes it ready', async t => {
  const settings = await buildSettings(t)
  const way = await cuttable(t, settings.database.url ?? '')
  await way.cut()
  const server = await startServer({
    settings: withOverrides(settings, { database: { url: way.url } }), log: testLog().log, now: Date.now
  })
  t.teardown(() => server.stop())
  const { api, ops } = ends(server)
  t.equal((await send(`${ops}/readyz`)).status, 503)
  await way.mend()
  await server.ready
  t.equal((await send(`${ops}/readyz`)).status, 200)
  await signedUp(api)
})
