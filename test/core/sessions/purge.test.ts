import t from 'tap'
import { createPurge } from '../../../src/core/sessions/purge.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'

const week = 7 * 86_400

t.test('sessions that were over a week ago are removed, all others stay and can be used', async t => {
  const { core, db, sql } = await buildCore(t)
  const people = await Promise.all(['live', 'ended lately', 'expired lately', 'ended', 'expired', 'ended and expired']
    .map(async name => ({ name, ...await signedIn(core) })))
  const set = (name: string, columns: object) => {
    const { sessionId = '' } = people.find(person => person.name === name) ?? {}
    return sql`UPDATE sessions SET ${sql(columns)} WHERE id = ${sessionId}`
  }
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000)
  await set('ended lately', { ended_at: ago(6) })
  await set('expired lately', { expires_at: ago(6) })
  await set('ended', { ended_at: ago(8) })
  await set('expired', { expires_at: ago(8) })
  await set('ended and expired', { ended_at: ago(1), expires_at: ago(8) })

  const { purge } = createPurge({ sql: db.sql, keptAfterEnd: week })
  t.equal(await purge() + await purge() + await purge(), 3, 'wherever it began it has been round')
  const left = (await sql<{ id: string }[]>`SELECT id FROM sessions`).map(({ id }) => id)
  t.same(people.filter(({ sessionId }) => left.includes(sessionId)).map(({ name }) => name).sort(),
    ['ended lately', 'expired lately', 'live'])
  t.ok(await core.refresh.trade(people[0]?.refreshToken ?? '', clientInfo))
})

t.test('a table of many pages is walked through, page by page', async t => {
  const { core, db, sql } = await buildCore(t)
  const { account } = await signedIn(core)
  await sql`
    INSERT INTO sessions (account_id, id, contract, epoch, expires_at)
    SELECT ${account.id}, gen_random_uuid(), 'spa', 0, now() - interval '8 days' FROM generate_series(1, 2500)`
  const { purge } = createPurge({ sql: db.sql, keptAfterEnd: week })
  const removed: number[] = []
  for (let page = 0; page < 6; page += 1) removed.push(await purge())
  t.equal(removed.reduce((a, b) => a + b), 2500)
  t.ok(Math.max(...removed) <= 1_000)
})
