import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { noAccount } from '../../../src/core/audit/audit.js'
import { createRetention } from '../../../src/core/audit/retention.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'

const day = 86_400

async function setUp (t: Test) {
  const { core, db, sql } = await buildCore(t, { ownDatabase: true })
  await sql`DELETE FROM audit_events`
  return {
    core,
    sql,
    insert: (accountId: string, address: string | null, age: string) => sql`
      INSERT INTO audit_events (account_id, event, address, at)
      VALUES (${accountId}, 'signed_in', ${address}, now() - ${age}::text::interval)`,
    /** Twice round the table, from wherever it begins. */
    retain: async (retention = 400 * day) => {
      const retain = createRetention({ sql: db.sql, retention })
      for (let run = 0; run < 6; run += 1) await retain()
    },
    addresses: async () => (await sql<{ address: string | null }[]>`SELECT address FROM audit_events ORDER BY at`)
      .map(({ address }) => address)
  }
}

t.test('a record is removed when it has been kept for long enough, and not before', async t => {
  const { core, insert, retain, addresses } = await setUp(t)
  const { account } = await signedIn(core)
  await insert(account.id, null, '401 days')
  await insert(noAccount, null, '401 days')
  await insert(account.id, null, '399 days')
  const before = (await addresses()).length
  await retain()
  t.equal((await addresses()).length, before - 2)
  await retain(day)
  t.equal((await addresses()).length, before - 3)
})

t.test('after thirty days an address is its /24 or /48 only, and until then whole', async t => {
  const { core, sql, insert, retain, addresses } = await setUp(t)
  const { account } = await signedIn(core)
  await sql`DELETE FROM audit_events`
  const cut = {
    '198.51.100.77': '198.51.100.0/24',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1::/48',
    '::ffff:198.51.100.77': '::/48',
    'fe80::1%eth0': null,
    '203.0.113.0/24': '203.0.113.0/24'
  }
  for (const [index, address] of Object.keys(cut).entries()) await insert(account.id, address, `${60 - index} days`)
  await insert(account.id, '198.51.100.78', '29 days')
  await insert(noAccount, '198.51.100.79', '28 days')
  for (let round = 0; round < 2; round += 1) {
    await retain()
    t.same(await addresses(), [...Object.values(cut), '198.51.100.78', '198.51.100.79'])
  }
})

t.test('of an account that is gone nothing stays that was changed of it, only why it was deleted', async t => {
  const { core, sql, retain } = await setUp(t)
  const { account } = await signedIn(core)
  const by = { ...clientInfo, actor: 'admin_token', reason: 'ticket 7' }
  await core.accounts.change(account.id, { name: 'Ann' }, null, by)
  const details = async () => (await sql<{ event: string, details: object | null }[]>`
    SELECT event, details FROM audit_events WHERE actor = 'admin_token' ORDER BY at`)
    .map(({ event, details }) => [event, details])
  const changed = ['profile_changed', { reason: 'ticket 7', before: { name: null }, after: { name: 'Ann' } }]
  await retain()
  t.same(await details(), [changed])
  await core.accounts.delete(account.id, by)
  t.same(await details(), [changed, ['account_deleted', { reason: 'ticket 7' }]])
  await retain()
  t.same(await details(), [['profile_changed', null], ['account_deleted', { reason: 'ticket 7' }]])
})

t.test('of an account that is gone no whole address stays', async t => {
  const { core, sql, retain, addresses } = await setUp(t)
  const { email } = await signedIn(core)
  await core.accounts.delete(email, clientInfo)
  t.same(new Set(await addresses()), new Set([clientInfo.address]))
  await retain()
  t.same(new Set(await addresses()), new Set(['192.0.2.0/24']))
  t.ok((await sql`SELECT FROM audit_events WHERE event = 'account_deleted'`).length, 'the records stay')
})

t.test('a server does so by itself, page by page, and keeps what a token may still be checked against', async t => {
  const { core, sql, insert } = await setUp(t)
  for (let n = 0; n < 3; n += 1) await insert(randomUUID(), '198.51.100.77', '500 days')
  const other = await buildCore(t, { settings: { auditRetention: 1 } })
  const { account } = await signedIn(other.core)
  for (let run = 0; run < 4; run += 1) await Promise.all([core.audit.retain(), other.core.audit.retain()])
  t.equal((await sql`SELECT FROM audit_events`).length, 0)
  const since = new Date(0)
  const { records } = await other.core.audit.page({ accountId: account.id, since, limit: 9 })
  t.ok(records.length > 0, 'whatever the setting is')
})
