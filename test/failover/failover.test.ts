import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { ageRotations } from '../support/age-rotations.js'
import { build } from '../support/build.js'
import { send } from '../support/http.js'
import { startPair } from '../support/postgres-pair.js'
import { until } from '../support/until.js'
import { refreshingClient, type Seen } from './refreshing-client.js'

/*
 * Two real servers, of which the standby is behind: the primary is killed under load, the standby promoted, again and
 * again. KEYTURN_FAILOVER_KILLS=200 with a longer --timeout gives the figures of docs/scaling.md.
 */

const kills = Number(process.env.KEYTURN_FAILOVER_KILLS ?? 4)
const clientCount = 50

/** Of commits that the standby does not have when the primary is killed. */
const lostMs = 300

/** Later than any retry of a refresh is allowed. */
const longAgo = 2 * 86_400

async function setUp (t: Test) {
  const pair = await startPair()
  t.teardown(() => pair.stop())
  // Inside the retry window four rotations are the most: a client that refreshes all the time would seldom rotate.
  const server = await build(t, { settings: { database: { url: pair.url }, refresh: { retryWindow: 0 } } })
  const seen: Seen = { statuses: new Map(), signedOut: [] }
  const clients = await Promise.all(Array.from({ length: clientCount }, () => refreshingClient(server.api, seen)))
  return { pair, server, seen, clients }
}

t.test(`${clientCount} clients refresh while the primary is killed ${kills} times: nobody is signed out`, async t => {
  const { pair, server, seen, clients } = await setUp(t)
  const succeeded = () => seen.statuses.get(200) ?? 0
  const writableAfter: number[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    await delay(lostMs)
    await pair.detach()
    await delay(lostMs)
    await pair.failOver()
    const promotedAt = performance.now()
    const before = succeeded()
    await until('it can be written again', () => succeeded() > before)
    writableAfter.push(performance.now() - promotedAt)
    await pair.rebuild()
  }
  await Promise.all(clients.map(client => client.stop()))
  t.same(seen.signedOut, [])
  const others = [...seen.statuses.keys()].filter(status => ![200, 503].includes(status))
  t.same(others, [], 'meanwhile 503, and nothing else')
  t.ok(Math.max(...writableAfter) < 1_000, `after ${writableAfter.map(Math.round).join(', ')} ms`)

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
