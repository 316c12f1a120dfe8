import t from 'tap'
import { itemsOf, operatorOf } from '../../support/admin.js'
import { build, databases } from '../../support/build.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { signedUp } from '../../support/people.js'

interface Item {
  id: string
  at: string
  event: string
}

for (const database of databases) {
  t.test(`the audit log is read by page and as a whole, newest first, on ${database}`, async t => {
    const server = await build(t, { database, settings: { trustProxy: ['127.0.0.0/8'] } })
    const ask = operatorOf(server)
    const { email } = await signedUp(server.api)
    const [{ id }] = (await ask('GET', `/accounts?email=${email}`)).body.data.items
    for (let n = 0; n < 3; n += 1) {
      const named = { 'x-request-id': `request-${n}` }
      await ask('POST', `/accounts/${id}/disable`, { reason: `because ${n}` }, named)
      await ask('POST', `/accounts/${id}/enable`)
    }
    const items: Item[] = []
    for (let cursor = ''; ;) {
      const reply = await ask('GET', `/audit?account=${id}&limit=3${cursor}`)
      matchesOpenapi(t, 'admin', 'GET /admin/audit', reply)
      items.push(...reply.body.data.items)
      if (reply.body.data.next === null) break
      cursor = `&cursor=${reply.body.data.next}`
    }
    t.same(items.map(({ event }) => event).slice(0, 6), [
      'account_enabled', 'account_disabled', 'account_enabled', 'account_disabled', 'account_enabled',
      'account_disabled'
    ])
    t.match(items[1], {
      accountId: id,
      actor: 'admin_token',
      address: '127.0.0.1',
      requestId: 'request-2',
      details: { reason: 'because 2' }
    })
    t.equal(new Set(items.map(each => each.id)).size, items.length, 'each once')

    const lines = await ask('GET', `/audit?account=${id}`, undefined, { accept: 'application/x-ndjson' })
    t.match(lines.headers.get('content-type'), /^application\/x-ndjson/)
    t.same(lines.text.trim().split('\n').map(line => JSON.parse(line) as Item), items)

    const eventsOf = async (query: string) =>
      itemsOf(await ask('GET', `/audit?account=${id}&${query}`)).map(({ event }) => event)
    t.equal((await eventsOf('type=account_disabled')).length, 3)
    t.equal((await eventsOf('actor=admin_token')).length, 6)
    t.equal((await eventsOf(`from=${items[0]?.at}`)).length, 1)
    t.equal((await eventsOf(`to=${items.at(-1)?.at}`)).length, 0)
    t.equal((await ask('GET', '/audit?type=unknown')).status, 400)
  })
}
