import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { ageRotations } from '../support/age-rotations.js'
import { build } from '../support/build.js'
import { post, send, type Reply } from '../support/http.js'
import { registered } from '../support/people.js'
import { startPair } from '../support/postgres-pair.js'
import { until } from '../support/until.js'
import { refreshingClient, type Seen } from './refreshing-client.js'

/*
 * Two real servers, of which the standby is behind: the primary is killed under load, the standby promoted, again and
 * again. KEYTURN_FAILOVER_KILLS=200 with a longer --timeout gives the figures of docs/scaling.md.
 */

const kills = Number(process.env.KEYTURN_FAILOVER_KILLS ?? 2)
/** Where nothing else runs; beside other tests it is only said how long it took. */
const promptlyMs = process.env.KEYTURN_FAILOVER_KILLS === undefined ? Infinity : 1_000
const clientCount = 50

/** Of commits that the standby does not have when the primary is killed. */
const lostMs = 300

/** Later than any retry of a refresh is allowed. */
const longAgo = 2 * 86_400

async function setUp (t: Test, clientCount: number) {
  const pair = await startPair()
  t.teardown(() => pair.stop())
  // Inside the retry window four rotations are the most: a client that refreshes all the time would seldom rotate.
  const server = await build(t, { settings: { database: { url: pair.url }, refresh: { retryWindow: 0 } } })
  const seen: Seen = { statuses: new Map(), signedOut: [] }
  const clients = await Promise.all(Array.from({ length: clientCount }, () => refreshingClient(server.api, seen)))
  return { pair, server, seen, clients }
}

t.test(`${clientCount} clients refresh, the primary is killed ${kills} times: no client is signed out`, async t => {
  const { pair, server, seen, clients } = await setUp(t, clientCount)
  const succeeded = () => seen.statuses.get(200) ?? 0
  const writableAfter: number[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    await delay(lostMs)
    await pair.detach()
    await delay(lostMs)
    await pair.failOver()
    const before = succeeded()
    await pair.promoted()
    const promotedAt = performance.now()
    await until('it can be written again', () => succeeded() > before)
    writableAfter.push(performance.now() - promotedAt)
    await pair.rebuild()
  }
  await Promise.all(clients.map(client => client.stop()))
  t.same(seen.signedOut, [])
  const others = [...seen.statuses.keys()].filter(status => ![200, 503].includes(status))
  t.same(others, [], 'meanwhile 503, and nothing else')
  t.ok(Math.max(...writableAfter) < promptlyMs, `after ${writableAfter.map(Math.round).join(', ')} ms`)

  const sql = postgres(pair.primary.url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  const [{ forwards }] = await sql<[{ forwards: number }]>`
    SELECT count(*)::int AS forwards FROM audit_events WHERE event = 'refresh_fast_forwarded'`
  t.ok(forwards > 0, 'some went on from a commit that was lost')
  t.comment(`${succeeded()} refreshes, ${seen.statuses.get(503)} times 503, ${forwards} lost commits healed, ` +
    `writable ${Math.round(Math.max(...writableAfter))} ms after the promotion at most`)

  t.comment('each session has one live token, and its old ones are refused')
  for (const { person, tokens, newest, refresh } of clients) {
    const last = newest()
    t.equal(await refresh(last), 200)
    const next = newest()
    t.equal(await refresh(last), 200)
    t.equal(newest(), next, 'one successor, no fork')
    const [{ id } = { id: '' }] = await sql<{ id: string }[]>`
      SELECT session.id FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
      WHERE account.email = ${person.email}`
    await ageRotations(sql, id, longAgo)
    const [, , old = ''] = [...new Set(tokens)].reverse()
    t.equal(await refresh(old), 401)
  }
  t.equal((await send(`${server.ops}/readyz`)).status, 200)
})

t.test('a restart of standby and primary, one after the other, costs nothing but a 503', async t => {
  const { pair, seen, clients } = await setUp(t, 10)
  for (const server of [pair.standby, pair.primary]) {
    await server.shutDown()
    await delay(lostMs)
    await server.restart()
    const before = seen.statuses.get(200) ?? 0
    await until('it goes on', () => (seen.statuses.get(200) ?? 0) > before)
  }
  await Promise.all(clients.map(client => client.stop()))
  t.same(seen.signedOut, [])
  t.same([...seen.statuses.keys()].sort(), [200, 503])
})

t.test('with a synchronous standby no end of a session is lost, while refreshes need not wait for it', async t => {
  const { pair, server } = await setUp(t, 0)
  for (let kill = 0; kill < 3; kill += 1) {
    await pair.synchronize()
    const { email, password } = await registered(server.api)
    const signIn = () => post(`${server.api}/api/auth/sign-in/email`, { email, password })
    const [signedOut, kept] = [await signIn(), await signIn()]
    const bearer = (reply: Reply) => ({ authorization: `Bearer ${reply.body.token}` })
    t.equal((await post(`${server.api}/api/auth/sign-out`, {}, bearer(signedOut))).status, 200)
    await pair.failOver()
    const session = (reply: Reply) => send(`${server.api}/api/auth/get-session`, { headers: bearer(reply) })
    await until('it is answered', async () => (await session(kept)).status === 200)
    t.equal((await session(signedOut)).body, null)
    t.equal((await session(kept)).body.user.email, email)
    await pair.rebuild()
  }
})
