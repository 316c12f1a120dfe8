import t from 'tap'
import { expectedRows } from '../../../src/core/operators/statistics.js'
import { operatorOf } from '../../support/admin.js'
import { build, databases } from '../../support/build.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
import { signedUp } from '../../support/people.js'

for (const database of databases) {
  t.test(`says how much there is, on ${database}`, async t => {
    let now = Date.now()
    const server = await build(t, { database, ownDatabase: true, now: () => now })
    const ask = operatorOf(server)
    const sql = openSql(t, server.settings)
    const read = async () => {
      const reply = await ask('GET', '/stats')
      matchesOpenapi(t, 'admin', 'GET /admin/stats', reply)
      return reply.body.data
    }
    await signedUp(server.api)
    const [account] = (await ask('GET', '/accounts')).body.data.items
    await ask('POST', `/accounts/${account.id}/end-sessions`)
    await signedUp(server.api)
    const small = await read()
    t.match(small, { accounts: 2, sessions: 1, clients: 0 }, 'exactly, where it is little')

    await signedUp(server.api)
    t.same(await read(), small, 'at most ten seconds ago')
    now += 10_000
    t.match(await read(), { accounts: 3, sessions: 2, asOf: `${new Date(now).toISOString().slice(0, 19)}Z` })

    await sql`
      INSERT INTO audit_events (account_id, event)
      SELECT gen_random_uuid(), 'signed_in' FROM generate_series(1, 40000)`
    await sql`ANALYZE audit_events`
    now += 10_000
    const { auditEvents } = await read()
    t.ok(auditEvents > 30_000 && auditEvents < 50_000, `about: ${auditEvents}`)
  })
}

t.test('a failure is not remembered', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const sql = openSql(t, server.settings)
  await sql`ALTER TABLE mails RENAME TO hidden`
  t.equal((await ask('GET', '/stats')).status, 500)
  await sql`ALTER TABLE hidden RENAME TO mails`
  t.equal((await ask('GET', '/stats')).status, 200)
})

t.test('a plan says how many rows it expects, also of a table that is spread over servers', async t => {
  t.equal(expectedRows([{ Plan: { 'Plan Rows': 7 } }]), 7)
  t.equal(expectedRows('[{"Plan":{"Plan Rows":7}}]'), 7, 'as text')
  const part = { 'Remote Plan': [[{ Plan: { 'Plan Rows': 5 } }]] }
  t.equal(expectedRows([{ Plan: { 'Distributed Query': { Job: { 'Task Count': 32, Tasks: [part] } } } }]), 160)
  for (const none of [[], [{}], [{ Plan: { 'Distributed Query': { Job: { 'Task Count': 0, Tasks: [] } } } }]]) {
    t.equal(expectedRows(none), 0)
  }
})
