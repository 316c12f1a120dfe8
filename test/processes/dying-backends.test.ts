import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { createClient } from '../support/client.js'
import { send } from '../support/http.js'
import { newPerson, registered } from '../support/people.js'
import { startServerProcess } from '../support/server-process.js'
import { postgresDatabase } from '../support/test-database.js'
import { until } from '../support/until.js'

const clientCount = 8
const mostKills = 100
const longestMs = 8_000

t.test('backends that die in mid-request, again and again, neither end the process nor sign anyone out', async t => {
  const DATABASE_URL = await postgresDatabase(t)
  const server = await startServerProcess(t, {
    env: { DATABASE_URL, KEYTURN_SECRET: randomBytes(32).toString('base64url'), DATABASE_POOL_MAX: '4' }
  })
  const admin = postgres(DATABASE_URL, { max: 1 })
  t.teardown(() => admin.end())
  const clients = await Promise.all(Array.from({ length: clientCount }, async () => {
    const person = await registered(server.api, newPerson())
    return createClient(server.api, person)
  }))
  for (const client of clients) t.equal(await client.logIn(), 200)

  const seen = new Map<string, number>()
  let answered = 0
  const load = { over: false }
  const work = clients.map(async (client, index) => {
    const verbs = index === 0 ? ['logIn'] as const : ['refresh', 'validate'] as const
    while (!load.over) {
      for (const verb of verbs) {
        const answer = `${verb} ${await client[verb]()}`
        seen.set(answer, (seen.get(answer) ?? 0) + 1)
        answered += 1
      }
    }
  })

  let kills = 0
  for (const deadline = Date.now() + longestMs; kills < mostKills && Date.now() < deadline; kills += 1) {
    const before = answered
    await admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`
    await until('requests are answered', () => answered > before + clientCount)
  }
  load.over = true
  await Promise.all(work)
  t.comment(`${kills} times: ${[...seen].map(entry => entry.join(' × ')).join(', ')}`)
  t.ok(kills > 10)
  t.ok(seen.has('refresh 503'), 'it was felt')
  t.same([...seen.keys()].filter(answer => !/ (200|503)$/.test(answer)), [], 'told to come back, never to go away')

  await until('the pool is whole again', async () => (await send(`${server.ops}/readyz`)).status === 200)
  const parallel = await Promise.all(Array.from({ length: 3 }, () => clients.map(client => client.refresh())).flat())
  t.same(new Set(parallel), new Set([200]), 'every session goes on, every connection works')

  server.kill('SIGTERM')
  const { code, stdout, stderr } = await server.ended
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.notMatch(stdout, /"level":60|driver lost a connection/, 'nothing was thrown out of reach')
})
