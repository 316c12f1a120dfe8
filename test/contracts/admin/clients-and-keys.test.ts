import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { itemsOf, operatorOf } from '../../support/admin.js'
import { build, databases } from '../../support/build.js'
import { send } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
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

/** A JWK set of one public key. */
function newKeySet (options: { modulusLength: number } | { namedCurve: string }) {
  const { publicKey } = 'namedCurve' in options
    ? generateKeyPairSync('ec', options)
    : generateKeyPairSync('rsa', options)
  return { keys: [publicKey.export({ format: 'jwk' })] }
}

t.test('a client is changed: what is left out stays', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const made = await ask('POST', '/clients', { name: 'old', scopes: ['a', 'b'], permissions: ['introspect'] })
  const { client } = made.body.data
  const patch = (body: object, id = client.id) => ask('PATCH', `/clients/${id}`, body)

  const named = await patch({ name: 'new', scopes: ['b'], reason: 'renamed' })
  matchesOpenapi(t, 'admin', 'PATCH /admin/clients/{id}', named)
  t.same(named.body.data.client, { ...client, name: 'new', scopes: ['b'] })
  t.same((await patch({ name: 'new' })).body.data.client, named.body.data.client)
  const audience = 'https://sesh.example'
  const moved = await patch({ audience, grantTypes: ['refresh_token'], permissions: [] })
  t.match(moved.body.data.client, { audience, grantTypes: ['refresh_token'], permissions: [], scopes: ['b'] })
  const emptied = await patch({ scopes: [], grantTypes: [] })
  t.match(emptied.body.data.client, { audience, grantTypes: [], scopes: [] })

  const other = await ask('POST', '/clients', { name: 'other' })
  const taken = await patch({ audience }, other.body.data.client.id)
  t.match([taken.status, taken.body.error.code], [409, 'AUDIENCE_TAKEN'])
  const keyed = await patch({ jwks: newKeySet({ namedCurve: 'P-256' }) })
  t.match([keyed.status, keyed.body.error.code], [409, 'AUTH_METHOD_DIFFERS'], 'it has a secret')
  const gone = await patch({ name: 'x' }, 'client_none')
  t.match([gone.status, gone.body.error.code], [404, 'NOT_FOUND'])
  for (const refused of [taken, keyed, gone]) matchesOpenapi(t, 'admin', 'PATCH /admin/clients/{id}', refused)

  const records = itemsOf(await ask('GET', `/audit?client=${client.id}&type=client_changed`)).reverse()
  t.match(records, [
    { details: { reason: 'renamed', before: { name: 'old', scope: 'a b' }, after: { name: 'new', scope: 'b' } } },
    { details: { before: { audience: client.audience }, after: { audience } } },
    { details: { after: { scope: '', grants: '' } } }
  ], 'and nothing for a change of nothing')
})

t.test('a change that others are always quicker than is put off', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const { client } = (await ask('POST', '/clients', { name: 'x' })).body.data
  const sql = openSql(t, server.settings)
  await sql`CREATE FUNCTION skip () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`
  await sql`CREATE TRIGGER skip BEFORE UPDATE ON clients FOR EACH ROW EXECUTE FUNCTION skip()`
  const late = await ask('PATCH', `/clients/${client.id}`, { name: 'y' })
  t.match([late.status, late.body.error.code], [503, 'UNAVAILABLE'])
})

t.test('a client that signs is made with its keys, and given others', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const made = await ask('POST', '/clients', { name: 'signs', jwks: newKeySet({ namedCurve: 'P-256' }) })
  matchesOpenapi(t, 'admin', 'POST /admin/clients', made)
  t.equal(made.body.data.secret, null)
  const path = `/clients/${made.body.data.client.id}`
  t.equal((await ask('PATCH', path, { jwks: newKeySet({ modulusLength: 3072 }) })).status, 200)
  const [record] = itemsOf(await ask('GET', '/audit?type=client_changed'))
  t.same(record?.details, { before: { publicKeys: 'a JWK set' }, after: { publicKeys: 'a JWK set' } })
  for (const [jwks, message] of [
    [newKeySet({ modulusLength: 2048 }), /3072 bits/],
    [{ keys: [{ kty: 'oct', k: 'AAAA' }] }, /private key/],
    [{ keys: [{ kty: 'EC', crv: 'P-256', x: '', y: '' }] }, /./]
  ] as const) {
    for (const refused of [await ask('PATCH', path, { jwks }), await ask('POST', '/clients', { name: 'x', jwks })]) {
      t.match([refused.status, refused.body.error], [400, { details: [{ path: 'jwks', message }] }])
    }
  }
  const rotated = await ask('POST', `${path}/rotate-secret`)
  t.match([rotated.status, rotated.body.error.code], [409, 'AUTH_METHOD_DIFFERS'])
})

for (const database of databases) {
  t.test(`of a client with a new secret the one before goes on for a time, on ${database}`, async t => {
    let now = Date.now()
    const server = await build(t, { database, ownDatabase: true, now: () => now })
    const ask = operatorOf(server)
    const made = await ask('POST', '/clients', { name: 'SeshTracker', permissions: ['introspect'] })
    const { client: { id }, secret: first } = made.body.data
    const works = async (secret: string) => (await send(`${server.api}/oauth/introspect`, {
      method: 'POST', headers: basic({ id, secret }), body: new URLSearchParams({ token: 'x' })
    })).status === 200
    const rotate = async (body?: object) => {
      const reply = await ask('POST', `/clients/${id}/rotate-secret`, body)
      matchesOpenapi(t, 'admin', 'POST /admin/clients/{id}/rotate-secret', reply)
      return String(reply.body.data.secret)
    }
    const second = await rotate()
    t.same([await works(first), await works(second), await works('')], [true, true, false])
    now = Date.now() + 86_300_000
    t.ok(await works(first))
    now = Date.now() + 86_401_000
    t.same([await works(first), await works(second)], [false, true], 'a day later')

    now = Date.now()
    const third = await rotate({ overlap: 60, reason: 'routine' })
    t.same([await works(first), await works(second), await works(third)], [false, true, true], 'two at most')
    const fourth = await rotate({ overlap: 0 })
    t.same([await works(second), await works(third), await works(fourth)], [false, false, true], 'at once')

    const records = itemsOf(await ask('GET', `/audit?client=${id}&type=client_secret_rotated`))
    t.equal(records.length, 3)
    t.match(records[1], { actor: 'admin_token', details: { reason: 'routine' } })
    for (const secret of [first, second, third, fourth]) t.notMatch(JSON.stringify(records), secret)
    const gone = await ask('POST', '/clients/none/rotate-secret')
    t.equal(gone.status, 404)
    t.equal((await ask('POST', `/clients/${id}/rotate-secret`, { overlap: 31 * 86_400 })).status, 400)
  })
}

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
