import { setTimeout as delay } from 'node:timers/promises'
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
