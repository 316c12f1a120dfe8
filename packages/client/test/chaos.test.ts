import t from 'tap'
import { build } from '../../../test/support/build.js'
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

  const last = createClient({ baseUrl: server.api, storage: { ...memoryStorage(), get: () => result.stored } })
  t.teardown(last.dispose)
  t.match(await last.refresh(), { user: { email } }, 'what is stored at the end is good')
})
