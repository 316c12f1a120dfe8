import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { itemsOf, operatorOf } from '../../support/admin.js'
import { build, databases } from '../../support/build.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
import { signedUp } from '../../support/people.js'
import { eventIn, newReceiver } from '../../support/receiver.js'
import { until } from '../../support/until.js'

for (const database of databases) {
  t.test(`webhooks by HTTP, from the first to the last call, on ${database}`, async t => {
    const server = await build(t, { database, ownDatabase: true })
    const ask = operatorOf(server)
    const { url, received } = await newReceiver(t, (response, count) =>
      response.writeHead(count === 2 ? 500 : 204).end())

    const made = await ask('POST', '/webhooks', {
      url, eventTypes: ['account_created'], description: 'CRM', reason: 'x'
    })
    matchesOpenapi(t, 'admin', 'POST /admin/webhooks', made)
    const { webhook, secret } = made.body.data
    t.match(webhook, { url, description: 'CRM', eventTypes: ['account_created'], enabled: true, failingSince: null })
    const path = `/webhooks/${webhook.id}`
    t.equal(made.headers.get('location'), `/admin${path}`)

    await signedUp(server.api)
    await until('the event is received', () => received.length === 1)
    const [first] = received
    t.ok(first !== undefined && new Webhook(secret).verify(first.body, first.headers as Record<string, string>))

    const rotated = await ask('POST', `${path}/rotate-secret`)
    matchesOpenapi(t, 'admin', 'POST /admin/webhooks/{id}/rotate-secret', rotated)
    t.notSame(rotated.body.data.secret, secret)
    const tested = await ask('POST', `${path}/test`)
    matchesOpenapi(t, 'admin', 'POST /admin/webhooks/{id}/test', tested)
    await until('the test event is received', () => received.length === 2)
    const { eventId } = tested.body.data
    t.match(received[1] === undefined ? null : eventIn(received[1]), { type: 'test', data: { id: eventId } })
    const deliveries = () => ask('GET', `${path}/deliveries`)
    await until('it is on record', async () => itemsOf(await deliveries())[0]?.lastStatus === 500)
    const failed = await deliveries()
    matchesOpenapi(t, 'admin', 'GET /admin/webhooks/{id}/deliveries', failed)
    t.match(itemsOf(failed), [
      { id: eventId, type: 'test', state: 'pending', attempts: 1, lastStatus: 500, nextAttemptAt: /Z$/ },
      { type: 'account_created', state: 'delivered', nextAttemptAt: null }
    ])
    await openSql(t, server.settings)`
      UPDATE webhook_deliveries SET failed_at = now() WHERE event_id = ${eventId} AND delivered_at IS NULL`
    t.match(itemsOf(await deliveries())[0], { state: 'failed', nextAttemptAt: null })
    const replayed = await ask('POST', `${path}/deliveries/${eventId}/replay`)
    matchesOpenapi(t, 'admin', 'POST /admin/webhooks/{id}/deliveries/{did}/replay', replayed)
    await until('it is received again', () => received.length === 3)

    const changed = await ask('PATCH', path, { eventTypes: null, enabled: false, description: null })
    matchesOpenapi(t, 'admin', 'PATCH /admin/webhooks/{id}', changed)
    t.match(changed.body.data.webhook, { url, eventTypes: null, enabled: false, description: null })
    const shown = await ask('GET', path)
    matchesOpenapi(t, 'admin', 'GET /admin/webhooks/{id}', shown)
    t.same(shown.body.data.webhook, changed.body.data.webhook)
    const listed = await ask('GET', '/webhooks')
    matchesOpenapi(t, 'admin', 'GET /admin/webhooks', listed)
    t.same(itemsOf(listed), [shown.body.data.webhook])
    for (const reply of [listed, shown, failed]) t.notMatch(reply.text, 'whsec_')

    const removed = await ask('DELETE', path)
    matchesOpenapi(t, 'admin', 'DELETE /admin/webhooks/{id}', removed)
    t.equal((await ask('GET', path)).status, 404)
    t.match(itemsOf(await ask('GET', `/audit?client=${webhook.id}`)).map(({ event }) => event).reverse(), [
      'webhook_added', 'webhook_secret_rotated', 'webhook_changed', 'webhook_removed'
    ])
  })
}

t.test('what is no address to send to, and no webhook, is refused', async t => {
  const server = await build(t, { settings: { webhookLoopback: false } })
  const ask = operatorOf(server)
  for (const url of ['https://127.0.0.1/', 'http://example.com/', 'https://192.168.1.1/x']) {
    const refused = await ask('POST', '/webhooks', { url })
    t.match([refused.status, refused.body.error.code], [400, 'WEBHOOK_REFUSED'], url)
    matchesOpenapi(t, 'admin', 'POST /admin/webhooks', refused)
  }
  for (const body of [{ url: 'nonsense' }, { url: 'https://example.com/', eventTypes: ['unknown'] }, {}]) {
    t.equal((await ask('POST', '/webhooks', body)).status, 400)
  }
  const gone = randomUUID()
  for (const [method, path] of [
    ['GET', ''], ['PATCH', ''], ['DELETE', ''], ['GET', '/deliveries'], ['POST', '/test'], ['POST', '/rotate-secret'],
    ['POST', `/deliveries/${gone}/replay`]
  ] as const) {
    const reply = await ask(method, `/webhooks/${gone}${path}`, method === 'PATCH' ? {} : undefined)
    t.match([reply.status, reply.body.error.code], [404, 'NOT_FOUND'], `${method} ${path}`)
  }
})
