import t, { type Test } from 'tap'
import type { Overrides } from '../support/settings.js'
import { startServer } from '../../src/server/server.js'
import { build, testLog, type TestServer } from '../support/build.js'
import { post } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { freePort } from '../support/postgres-server.js'
import { noRedis, startRedis } from '../support/redis-server.js'
import { waitedUntil } from '../support/until.js'

/** A second server over the first one's database. */
async function beside (t: Test, { settings }: TestServer): Promise<string> {
  const server = await startServer({ settings, log: testLog().log, now: Date.now })
  t.teardown(() => server.stop())
  await server.ready
  return server.addresses[0] ?? ''
}

async function two (t: Test, settings: Overrides): Promise<[string, string]> {
  const server = await build(t, { settings })
  return [server.api, await beside(t, server)]
}

const validate = async (api: string, token: string) =>
  (await post(`${api}/api/auth/validate-token`, { token })).status === 200

t.test('with Redis a revocation reaches the others at once', { skip: noRedis }, async t => {
  const [one, other] = await two(t, { redisUrl: (await startRedis(t)).url })
  const times: number[] = []
  for (let round = 0; round < 6; round += 1) {
    const { token } = await signedUp(one)
    t.equal(await validate(other, token), true)
    await post(`${one}/api/auth/revoke-token`, { token })
    times.push(await waitedUntil('it is refused', async () => !await validate(other, token)))
  }
  t.ok(Math.min(...times) < 150 && Math.max(...times) <= 1_000, times.join())
})

t.test('with Redis the crude limit holds for all processes together', { skip: noRedis }, async t => {
  const servers = await two(t, { redisUrl: (await startRedis(t)).url, rateLimit: { max: 6, window: 60 } })
  const statuses: number[] = []
  for (let n = 0; n < 8; n += 1) {
    statuses.push((await post(`${servers[n % 2]}/api/auth/login`, { email: 'a@example.com', password: 'x' })).status)
  }
  t.same(statuses, [401, 401, 401, 401, 401, 401, 429, 429])
})

for (const [kind, skip] of [['from the start', false], ['later', noRedis]] as const) {
  t.test(`sign-in and revocation work with Redis unavailable ${kind}`, { skip }, async t => {
    const redis = kind === 'later' ? await startRedis(t) : null
    const url = redis?.url ?? `redis://127.0.0.1:${await freePort()}`
    const [one, other] = await two(t, { redisUrl: url, rateLimit: { max: 3 } })
    const person = await signedUp(one)
    await redis?.stop()
    for (let n = 0; n < 5; n += 1) {
      t.equal((await post(`${one}/api/auth/login`, person)).status, 200, `signing in ${n}`)
    }
    t.equal(await validate(other, person.token), true)
    await post(`${one}/api/auth/revoke-token`, { token: person.token })
    const ms = await waitedUntil('it is refused', async () => !await validate(other, person.token))
    t.ok(ms <= 1_000, `${ms} ms`)
  })
}
