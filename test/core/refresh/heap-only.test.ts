import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { buildCore } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { startPostgres } from '../../support/postgres-server.js'

/*
 * On a server of its own: an open transaction in any database of a server, such as another test's, keeps the versions
 * that a heap-only update needs pruned.
 */
t.test('a refresh is a heap-only update, also one after the other', async t => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const { core, sql } = await buildCore(t, { settings: { database: { url: server.url } } })
  let { refreshToken, sessionId } = await signedIn(core)
  await sql`UPDATE sessions SET created_at = ${earlier(sql, 'created_at', 86_400)} WHERE id = ${sessionId}`
  for (let step = 0; step < 100; step += 1) {
    refreshToken = (await core.refresh.trade(refreshToken, clientInfo)).refreshToken
    // Half of them inside the retry window of the one before.
    await ageRotations(sql, sessionId, step % 2 === 0 ? 4 : 40)
  }
  // A backend reports what it did when it has been idle for a second.
  let counted = { updates: 0, hot: 0 }
  for (let attempt = 0; attempt < 100 && counted.updates < 201; attempt += 1) {
    await delay(100)
    const [row] = await sql<{ updates: number, hot: number }[]>`
      SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot
      FROM pg_stat_user_tables WHERE relname = 'sessions'`
    counted = row ?? counted
  }
  t.equal(counted.updates, 201)
  t.ok(counted.hot >= 0.95 * counted.updates, `${counted.hot} of ${counted.updates}`)
})
