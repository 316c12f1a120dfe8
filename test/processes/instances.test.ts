import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { noHaproxy, startHaproxy } from '../support/haproxy.js'
import { post } from '../support/http.js'
import { signedUp, type Tokens } from '../support/people.js'
import { freePort } from '../support/postgres-server.js'
import { noRedis, startRedis } from '../support/redis-server.js'
import { startServerProcess, type ServerProcess } from '../support/server-process.js'
import { postgresDatabase } from '../support/test-database.js'
import { until, waitedUntil } from '../support/until.js'

/* Three processes on one Postgres, as docs/operations.md has them: nothing is sticky. */

interface Instance {
  port: number
  opsPort: number
  start: () => Promise<ServerProcess>
  process: ServerProcess
}

async function setUp (t: Test, extra: Record<string, string> = {}) {
  const env = {
    DATABASE_URL: await postgresDatabase(t),
    KEYTURN_SECRET: randomBytes(32).toString('base64url'),
    LOGIN_MAX_FAILURES: '10',
    ...extra
  }
  const instances = await Promise.all([1, 2, 3].map(async (): Promise<Instance> => {
    const [port, opsPort] = [await freePort(), await freePort()]
    const start = () => startServerProcess(t, {
      env: { ...env, LISTEN: `127.0.0.1:${port}=partner,spa 127.0.0.1:${opsPort}=ops` }
    })
    return { port, opsPort, start, process: await start() }
  }))
  return { instances, urls: instances.map(({ process }) => process.api) }
}

/** Between two rounds of a client: without it the load takes the machine that the processes start on. */
const pauseMs = 20

const validates = async (url: string, token: string) =>
  (await post(`${url}/api/auth/validate-token`, { token })).status === 200

for (const [name, skip, extra] of [
  ['without Redis', false, async () => ({})],
  ['with Redis', noRedis, async (t: Test) => ({ REDIS_URL: (await startRedis(t)).url })]
] as const) {
  t.test(`three instances behave as one, ${name}`, { skip }, async t => {
    const { urls } = await setUp(t, await extra(t))
    const [first = '', ...others] = urls
    const { token, refreshToken, email } = await signedUp(first)
    const replies = await Promise.all(Array.from({ length: 60 }, (_, n) =>
      post(`${urls[n % 3]}/api/auth/refresh-token`, { refreshToken })))
    t.equal(new Set(replies.map(({ body }) => body.data?.refreshToken as string)).size, 1, 'one successor')

    for (const url of urls) t.equal(await validates(url, token), true)
    await post(`${first}/api/auth/revoke-token`, { token })
    t.equal(await validates(first, token), false)
    for (const url of others) {
      t.ok(await waitedUntil('it is refused', async () => !await validates(url, token)) <= 1_000, 'revoked everywhere')
    }

    const guesses = await Promise.all(Array.from({ length: 90 }, (_, n) =>
      post(`${urls[n % 3]}/api/auth/login`, { email, password: 'a wrong password' })))
    const evaluated = guesses.filter(({ status }) => status === 401).length
    t.ok(evaluated <= 10, `${evaluated} guesses were evaluated`)
  })
}

t.test('a rolling restart under load fails no request', { skip: noHaproxy }, async t => {
  const { instances } = await setUp(t)
  const url = await startHaproxy(t, instances)
  const people = await Promise.all(Array.from({ length: 8 }, () => signedUp(url)))
  const failures: string[] = []
  let requests = 0
  const stop = new AbortController()

  async function request (path: string, body: object): Promise<Tokens | null> {
    requests += 1
    const { status, body: reply, text } = await post(`${url}/api/auth/${path}`, body)
    if (status === 200) return reply.data as Tokens
    failures.push(`${path}: ${status} ${text}`)
    return null
  }
  const loads = people.map(async person => {
    while (!stop.signal.aborted) {
      await request('validate-token', { token: person.token })
      Object.assign(person, await request('refresh-token', { refreshToken: person.refreshToken }))
      await delay(pauseMs)
    }
  })
  const restart = async (instance: Instance) => {
    instance.process.kill('SIGTERM')
    t.match(await instance.process.ended, { code: 0 })
    instance.process = await instance.start()
    await until('it is ready', async () => (await fetch(`http://127.0.0.1:${instance.opsPort}/readyz`)).ok)
    const before = requests
    await until('load goes on', () => requests > before + 50)
  }
  for (const instance of instances) await restart(instance)
  stop.abort()
  await Promise.all(loads)
  t.same(failures, [], `of ${requests} requests`)
})
