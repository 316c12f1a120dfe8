import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { retryDelays } from '../../../src/core/webhooks/delivery.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore, type BuildOptions } from '../../support/build.js'
import { eventIn, newReceiver } from '../../support/receiver.js'
import { outcomeOf } from '../../support/refusal.js'
import { secondCore } from '../../support/second-core.js'
import { until } from '../../support/until.js'

async function setUp (t: Test, options: BuildOptions = {}) {
  const backend = await buildCore(t, { ...options, ownDatabase: true })
  const { webhooks } = backend.core
  webhooks.delivery.start()
  t.teardown(() => webhooks.delivery.stop())
  const add = async (url: string, eventTypes: Parameters<typeof webhooks.add>[0]['eventTypes'] = ['account_created']) =>
    webhooks.add({ url, description: null, eventTypes }, clientInfo)
  /** Lets what waits for its time be due. */
  const makeDue = async () => {
    await backend.sql`UPDATE webhook_deliveries SET due_at = now()`
    webhooks.delivery.wake()
  }
  return { ...backend, webhooks, add, makeDue }
}

t.test('what happens is sent to who asks for it, signed, and with nothing that names a person', async t => {
  const { core, webhooks, add } = await setUp(t)
  const [some, all] = [await newReceiver(t), await newReceiver(t)]
  const { webhook, secret } = await add(some.url, ['account_created', 'account_disabled'])
  await add(all.url, null)
  const { account, sessionId, email } = await signedIn(core)
  await core.sessions.end(account.id, sessionId, 'revoked', clientInfo)
  await core.accounts.disable(email, clientInfo)
  webhooks.delivery.wake()
  await until('all is received', () => some.received.length === 2 && all.received.length === 5)

  for (const { headers, body } of some.received) {
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>)
    t.same(verified, JSON.parse(body))
    t.throws(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>))
    t.equal(headers['webhook-id'], eventIn({ headers, body }).data.id)
    t.match(headers, { 'content-type': 'application/json', 'user-agent': 'keyturn' })
    t.notMatch(body, email)
  }
  const [created] = some.received.map(eventIn)
  t.match(created, {
    type: 'account_created',
    timestamp: /^\d{4}-.*Z$/,
    data: { accountId: account.id, sessionId: null, subject: null, actor: 'user' }
  })
  t.same(all.received.map(eventIn).map(({ type }) => type).sort(), [
    'account_created', 'account_disabled', 'session_revoked', 'signed_in', 'webhook_added'
  ])
  t.match(all.received.map(eventIn).find(({ type }) => type === 'session_revoked'), { data: { sessionId } })
  t.match(all.received.map(eventIn).find(({ type }) => type === 'webhook_added'), { data: { accountId: null } })
  await until('it is on record', async () => (await webhooks.deliveries(webhook.id, 9)).every(each => each.deliveredAt))
  const done = { attempts: 1, lastStatus: 204 }
  t.match(await webhooks.deliveries(webhook.id, 9), [done, done])
  await until('each of them is counted', () => webhooks.metrics().webhooksDelivered === 7)
  t.equal(webhooks.metrics().webhooksFailed, 0)
})

t.test('what was not taken is sent again, later and later, with the same id', async t => {
  const { core, webhooks, sql, add, makeDue } = await setUp(t)
  const { url, received } = await newReceiver(t, (response, count) =>
    response.writeHead(count < 3 ? 500 : 200).end('ok'))
  const { webhook } = await add(url)
  await signedIn(core)
  webhooks.delivery.wake()
  await until('it failed', () => webhooks.metrics().webhooksFailed >= 1)
  t.type((await webhooks.find(webhook.id)).failingSince, Date)
  await makeDue()
  await until('it failed again', () => webhooks.metrics().webhooksFailed >= 2)
  const [row] = await sql`SELECT extract(epoch FROM due_at - now())::float8 AS delay FROM webhook_deliveries`
  t.ok(row?.delay > 240 && row?.delay <= 330, `the third time after five minutes: ${row?.delay}`)
  await makeDue()
  await until('it is taken', () => webhooks.metrics().webhooksDelivered === 1)
  t.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1)
  await until('it is good again', async () => (await webhooks.find(webhook.id)).failingSince === null)
  t.match(await webhooks.deliveries(webhook.id, 1), [{ lastStatus: 200, lastError: null, failedAt: null }])
})

t.test('after the last attempt it is given up, and can be sent again by hand', async t => {
  const { core, webhooks, sql, add, makeDue } = await setUp(t)
  const { url, received } = await newReceiver(t, (response, count) => response.writeHead(count === 1 ? 503 : 204).end())
  const { webhook } = await add(url)
  await signedIn(core)
  webhooks.delivery.wake()
  await until('it failed', () => received.length === 1)
  await until('it is stored', async () =>
    (await sql`SELECT FROM webhook_deliveries WHERE last_status = 503`).length === 1)
  await sql`UPDATE webhook_deliveries SET attempts = ${retryDelays.length}, delivered_at = NULL`
  const [before] = await webhooks.deliveries(webhook.id, 1)
  await sql`UPDATE webhooks SET url = 'http://127.0.0.1:1/nothing-listens'`
  await makeDue()
  await until('it is given up', async () => (await webhooks.deliveries(webhook.id, 1))[0]?.failedAt !== null)
  t.match(await webhooks.deliveries(webhook.id, 1), [{ lastStatus: null, lastError: /ECONNREFUSED/ }])
  await sql`UPDATE webhooks SET url = ${url}`
  await webhooks.replay(webhook.id, String(before?.eventId))
  await until('it is received', () => received.length === 2)
  t.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
  await t.rejects(webhooks.replay(webhook.id, randomUUID()), { code: 'not_found' })
})

t.test('a receiver that takes nothing for five days, or is gone, is disabled, and that is on record', async t => {
  const { core, webhooks, sql, add, log, makeDue } = await setUp(t)
  const failing = await newReceiver(t, response => response.writeHead(500).end())
  const gone = await newReceiver(t, response => response.writeHead(410).end())
  const [one, other] = [await add(failing.url), await add(gone.url)]
  await signedIn(core)
  webhooks.delivery.wake()
  await until('one is gone', async () => (await webhooks.find(other.webhook.id)).disabledAt !== null)
  await until('one fails', async () => (await webhooks.find(one.webhook.id)).failingSince !== null)
  t.equal((await webhooks.find(one.webhook.id)).disabledAt, null)
  await sql`UPDATE webhooks SET failing_since = now() - interval '121 hours'`
  await makeDue()
  await until('it is disabled', async () => (await webhooks.find(one.webhook.id)).disabledAt !== null)
  t.equal((await sql`SELECT FROM audit_events WHERE event = 'webhook_disabled' AND actor = 'policy'`).length, 2)
  t.match(log.join(''), /is disabled: nothing could be delivered for five days/)
  t.notMatch(log.join(''), '/hook', 'its path may be a secret')

  const seen = failing.received.length
  await signedIn(core)
  webhooks.delivery.wake()
  await webhooks.change(one.webhook.id, { isEnabled: true }, clientInfo)
  webhooks.delivery.wake()
  await until('what happened meanwhile is sent', () => failing.received.length > seen)
  t.match(await webhooks.find(one.webhook.id), { disabledAt: null })
})

t.test('a receiver that hangs holds up no other', async t => {
  const { core, webhooks, add } = await setUp(t)
  const hanging = await newReceiver(t, () => {})
  const good = await newReceiver(t)
  await add(hanging.url)
  await add(good.url)
  for (let count = 0; count < 10; count += 1) await signedIn(core)
  webhooks.delivery.wake()
  await until('the good one has all', () => good.received.length === 10)
  t.ok(hanging.received.length <= 8, 'and the other a few')
})

t.test('two processes send each event once', async t => {
  const { core, webhooks, settings, add } = await setUp(t)
  const other = await secondCore(t, settings)
  other.webhooks.delivery.start()
  t.teardown(() => other.webhooks.delivery.stop())
  const { url, received } = await newReceiver(t)
  const { webhook } = await add(url)
  for (let count = 0; count < 20; count += 1) {
    await signedIn(core)
    webhooks.delivery.wake()
    other.webhooks.delivery.wake()
  }
  await until('all is delivered', async () => {
    webhooks.delivery.wake()
    const all = await webhooks.deliveries(webhook.id, 100)
    return all.length === 20 && all.every(({ deliveredAt }) => deliveredAt !== null)
  })
  t.equal(received.length, 20)
})

t.test('a process that ends while it sends leaves the event to another', async t => {
  const { core, webhooks, sql, add } = await setUp(t)
  const { url, received } = await newReceiver(t)
  await add(url)
  await signedIn(core)
  webhooks.delivery.wake()
  await until('it is received', () => received.length === 1)
  await until('it is stored', async () =>
    (await sql`SELECT FROM webhook_deliveries WHERE delivered_at IS NOT NULL`).length === 1)
  // As if it had been claimed a minute ago, and nothing came of it.
  await sql`UPDATE webhook_deliveries SET delivered_at = NULL, due_at = now() - interval '1 s'`
  webhooks.delivery.wake()
  await until('it is sent again', () => received.length === 2)
  t.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
})

t.test('a new secret signs at once, and the one before for a day more', async t => {
  let now = Date.now()
  const { core, webhooks, add } = await setUp(t, { now: () => now })
  const { url, received } = await newReceiver(t)
  const { webhook, secret } = await add(url)
  const rotated = await webhooks.rotateSecret(webhook.id, clientInfo)
  const verifies = async (secret: string) => {
    const seen = received.length
    await signedIn(core)
    webhooks.delivery.wake()
    await until('it is received', () => received.length > seen)
    const { body, headers } = received.at(-1) ?? { body: '', headers: {} }
    const at = Number(headers['webhook-timestamp']) * 1000
    const signature = new Webhook(secret).sign(String(headers['webhook-id']), new Date(at), body)
    return String(headers['webhook-signature']).split(' ').includes(signature)
  }
  t.ok(await verifies(secret))
  t.ok(await verifies(rotated.secret))
  // Postgres' clock, which the overlap is counted by, has gone on since the test began.
  now = Date.now() + 86_401_000
  t.notOk(await verifies(secret))
  t.ok(await verifies(rotated.secret))
})

t.test('a secret that no KEYTURN_SECRET of now encrypted is reported, and nothing is sent unsigned', async t => {
  const { core, webhooks, sql, add } = await setUp(t)
  const { url, received } = await newReceiver(t)
  const { webhook } = await add(url)
  await sql`UPDATE webhooks SET sealed_secret = '\\x00'`
  await signedIn(core)
  webhooks.delivery.wake()
  await until('it failed', async () => (await webhooks.deliveries(webhook.id, 1))[0]?.lastError !== undefined &&
    (await webhooks.deliveries(webhook.id, 1))[0]?.lastError !== null)
  t.match(await webhooks.deliveries(webhook.id, 1), [{ lastError: /KEYTURN_SECRET/ }])
  t.equal(received.length, 0)
})

t.test('more records than are read at once, and those of a slow statement, are sent, each once', async t => {
  const { sql, webhooks, add } = await setUp(t)
  const { url, received } = await newReceiver(t)
  const { webhook } = await add(url)
  const insert = (count: number, age: string) => sql`
    INSERT INTO audit_events (account_id, event, at)
    SELECT gen_random_uuid(), 'account_created', now() - ${age}::interval + n * interval '1 us'
    FROM generate_series(1, ${count}) AS n`
  await insert(1100, '0 s')
  webhooks.delivery.wake()
  await until('all is sent', () => received.length >= 1100)
  await sql`UPDATE webhooks SET created_at = now() - interval '1 hour'`
  await insert(3, '30 s')
  webhooks.delivery.wake()
  await until('the late ones too', () => received.length >= 1103)
  await until('they are stored', async () =>
    (await sql`SELECT FROM webhook_deliveries WHERE delivered_at IS NULL`).length === 0)
  t.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1103)
  t.equal(received.length, 1103)
  await sql`UPDATE webhook_deliveries SET created_at = now() - interval '31 days'`
  await webhooks.cleanUp()
  t.same(await webhooks.deliveries(webhook.id, 1), [])
})

t.test('webhooks are changed and removed, and a URL that is never sent to is refused', async t => {
  const { webhooks, sql, add } = await setUp(t)
  const { webhook } = await add('http://127.0.0.1:1/')
  t.match(await webhooks.change(webhook.id, { url: 'https://example.com/x', description: 'x', eventTypes: null }, clientInfo), {
    url: 'https://example.com/x', description: 'x', eventTypes: null
  })
  t.match(await webhooks.change(webhook.id, { isEnabled: false }, clientInfo), { disabledAt: Date })
  for (const url of ['http://example.com/', 'https://10.0.0.1/', 'https://user:secret@example.com/']) {
    await t.rejects(webhooks.change(webhook.id, { url }, clientInfo), { code: 'webhook_refused' })
    await t.rejects(add(url), { code: 'webhook_refused' })
  }
  t.equal((await webhooks.list()).length, 1)
  await webhooks.remove(webhook.id, clientInfo)
  t.same(await webhooks.list(), [])
  const calls: Array<() => Promise<unknown>> = [
    () => webhooks.find(webhook.id), () => webhooks.remove(webhook.id, clientInfo),
    () => webhooks.change(webhook.id, {}, clientInfo), () => webhooks.rotateSecret(webhook.id, clientInfo),
    () => webhooks.sendTest(webhook.id), () => webhooks.deliveries(webhook.id, 1)
  ]
  for (const call of calls) t.equal(await outcomeOf(call()), 'not_found')
  const records = await sql`SELECT event FROM audit_events WHERE event LIKE 'webhook%' ORDER BY at`
  t.same(records.map(({ event }) => event), ['webhook_added', 'webhook_changed', 'webhook_changed', 'webhook_removed'])
})
