import t from 'tap'
import { itemsOf, operatorOf } from '../../support/admin.js'
import { build } from '../../support/build.js'
import { send } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { basic } from '../../support/partner.js'

t.test('clients are made, shown and removed', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const audience = 'https://sesh.example'
  const made = await ask('POST', '/clients', {
    name: 'SeshTracker', grantTypes: ['client_credentials'], permissions: ['introspect'], scopes: ['a', 'b'], audience
  })
  matchesOpenapi(t, 'admin', 'POST /admin/clients', made)
  const { client, secret } = made.body.data
  t.match(client, { name: 'SeshTracker', audience, permissions: ['introspect'], scopes: ['a', 'b'] })
  t.equal(made.headers.get('location'), `/admin/clients/${client.id}`)
  const introspect = () => send(`${server.api}/oauth/introspect`, {
    method: 'POST', headers: basic({ id: client.id, secret }), body: new URLSearchParams({ token: 'x' })
  })
  t.equal((await introspect()).status, 200)

  const taken = await ask('POST', '/clients', { name: 'Another', audience })
  t.match([taken.status, taken.body.error.code], [409, 'AUDIENCE_TAKEN'])
  matchesOpenapi(t, 'admin', 'POST /admin/clients', taken)
  const plain = await ask('POST', '/clients', { name: 'Plain' })
  t.match(plain.body.data.client, { grantTypes: [], permissions: ['introspect', 'events'], scopes: [] })

  const listed = await ask('GET', '/clients')
  matchesOpenapi(t, 'admin', 'GET /admin/clients', listed)
  t.same(listed.body.data.items, [client, plain.body.data.client])
  t.notMatch(listed.text, secret)
  const shown = await ask('GET', `/clients/${client.id}`)
  matchesOpenapi(t, 'admin', 'GET /admin/clients/{id}', shown)
  t.same(shown.body.data.client, client)

  const removed = await ask('DELETE', `/clients/${client.id}`)
  matchesOpenapi(t, 'admin', 'DELETE /admin/clients/{id}', removed)
  t.equal((await introspect()).status, 401)
  for (const method of ['GET', 'DELETE']) {
    const gone = await ask(method, `/clients/${client.id}`)
    t.match([gone.status, gone.body.error.code], [404, 'NOT_FOUND'])
    matchesOpenapi(t, 'admin', `${method} /admin/clients/{id}`, gone)
  }
  const records = itemsOf(await ask('GET', `/audit?client=${client.id}`))
  t.same(records.map(({ event, actor }) => [event, actor]), [
    ['client_removed', 'admin_token'], ['client_added', 'admin_token']
  ])
})

t.test('signing keys are listed and rotated', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const listed = await ask('GET', '/keys')
  matchesOpenapi(t, 'admin', 'GET /admin/keys', listed)
  t.match(listed.body.data.items, [{ algorithm: 'ES256', number: 1, state: 'signs' }])
  const rotated = await ask('POST', '/keys/rotate', { now: true, reason: 'leaked' })
  matchesOpenapi(t, 'admin', 'POST /admin/keys/rotate', rotated)
  t.match(rotated.body.data.items, [{ number: 1, state: 'signs' }, { number: 2, state: 'next' }])
  const { body } = await ask('GET', `/audit?client=${rotated.body.data.items[1].kid}`)
  t.match(body.data.items, [{ event: 'key_announced', actor: 'admin_token', details: { reason: 'leaked' } }])
})
