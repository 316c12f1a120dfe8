import t from 'tap'
import { build } from '../../../test/support/build.js'
import { post } from '../../../test/support/http.js'
import { openSql } from '../../../test/support/open-sql.js'
import { newPerson } from '../../../test/support/people.js'
import { createClient, memoryStorage } from '../src/index.js'
import { runChaos } from './support/chaos.js'

t.test('clients without a lock never sign each other out, over a connection that loses replies', async t => {
  const server = await build(t, { settings: { refresh: { retryWindow: 2 } }, ownDatabase: true })
  const { email, password } = newPerson()
  const first = createClient({ baseUrl: server.api })
  await first.signUp({ email, password })
  await first.signOut()
  first.dispose()
  const result = await runChaos(server.api, { email, password }, {
    instances: 10, refreshes: 200, kills: 6, lostShare: 0.3, maxDelayMs: 60, random: Math.random
  })
  t.equal(result.signedOut, 0)
  t.ok(result.lost > 20, `${result.lost} replies lost`)
  t.equal(result.killed, 6)
  const live = await openSql(t, server.settings)`
    SELECT generation FROM sessions WHERE ended_at IS NULL`
  t.equal(live.length, 1, 'one session')
  t.ok(live[0]?.generation > 1)
  const reused = await openSql(t, server.settings)`SELECT FROM audit_events WHERE event = 'refresh_token_reused'`
  t.equal(reused.length, 0)

  const storage = memoryStorage()
  await storage.set(String(result.stored))
  const last = createClient({ baseUrl: server.api, storage })
  const other = createClient({ baseUrl: server.api })
  for (const { dispose } of [last, other]) t.teardown(dispose)
  t.match(await last.refresh(), { user: { email } }, 'what is stored at the end is good')
  await other.signIn({ email, password })

  const { firstRefreshToken: refreshToken } = result
  t.match(await post(`${server.api}/api/account/refresh`, { refreshToken }), {
    status: 401, body: { error: { reason: 'reused' } }
  }, 'a stolen copy is of no use after the window')
  await t.rejects(last.refresh(), { code: 'INVALID_REFRESH_TOKEN', reason: 'reused' })
  t.match(await other.refresh(), { user: { email } }, 'and ends no other session')
})
