import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import t from 'tap'
import { operatorOf } from '../../support/admin.js'
import { adminToken, build, databases } from '../../support/build.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson } from '../../support/people.js'
import { until } from '../../support/until.js'

const withKey = (key: string = randomUUID()) => ({ 'idempotency-key': key })

for (const database of databases) {
  t.test(`a request that is sent again with its Idempotency-Key is done once, on ${database}`, async t => {
    const server = await build(t, { database, ownDatabase: true })
    const ask = operatorOf(server)
    const sql = openSql(t, server.settings)
    const clients = async () => (await sql`SELECT id FROM clients`).length

    await t.test('with the same reply, status and headers', async t => {
      const key = withKey()
      const [first, second] = [
        await ask('POST', '/clients', { name: 'SeshTracker' }, key),
        await ask('POST', '/clients', { name: 'SeshTracker' }, key)
      ]
      t.equal(first.headers.get('idempotent-replayed'), null)
      t.equal(second.headers.get('idempotent-replayed'), 'true')
      t.same([second.status, second.text], [first.status, first.text], 'also a secret that is shown once')
      for (const name of ['location', 'content-type', 'cache-control']) {
        t.equal(second.headers.get(name), first.headers.get(name), name)
      }
      t.equal(await clients(), 1)
      const { secret } = first.body.data
      const [stored] = await sql`SELECT sealed_reply FROM idempotent_requests`
      t.notMatch(String(stored?.sealed_reply), secret, 'and no dump of the database has it')
    })

    await t.test('also a refusal', async t => {
      const { email } = newPerson()
      const key = withKey()
      await ask('POST', '/accounts', { email })
      const refused = await ask('POST', '/accounts', { email }, key)
      t.equal(refused.status, 409)
      await sql`DELETE FROM accounts`
      t.equal((await ask('POST', '/accounts', { email }, key)).text, refused.text)
    })

    await t.test('of several at once one is done; the others come back later', async t => {
      const key = withKey()
      const before = await clients()
      const replies = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '/clients', { name: 'x' }, key)))
      t.equal(await clients(), before + 1)
      for (const reply of replies.filter(({ status }) => status !== 201)) {
        t.match([reply.status, reply.body.error], [409, { code: 'REQUEST_IN_PROGRESS', retryable: true }])
        t.equal(reply.headers.get('retry-after'), '1')
        matchesOpenapi(t, 'admin', 'POST /admin/clients', reply)
      }
    })

    await t.test('and a key is for one request', async t => {
      const key = withKey()
      const { status } = await ask('POST', '/clients', { name: 'one' }, key)
      t.equal(status, 201)
      for (const [path, body] of [['/clients', { name: 'two' }], ['/keys/rotate', {}]] as const) {
        const other = await ask('POST', path, body, key)
        t.match([other.status, other.body.error.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
        matchesOpenapi(t, 'admin', `POST /admin${path}`, other)
      }
      for (const wrong of ['', 'x'.repeat(256)]) {
        const refused = await ask('POST', '/clients', { name: 'x' }, withKey(wrong))
        t.match([refused.status, refused.body.error.code], [400, 'VALIDATION_ERROR'])
      }
    })

    await t.test('a day later it is another one', async t => {
      const key = withKey()
      const before = await clients()
      await ask('POST', '/clients', { name: 'x' }, key)
      await sql`UPDATE idempotent_requests SET started_at = now() - interval '86401 s'`
      t.equal((await ask('POST', '/clients', { name: 'x' }, key)).headers.get('idempotent-replayed'), null)
      t.equal(await clients(), before + 2)
      await sql`UPDATE idempotent_requests SET started_at = now() - interval '86401 s'`
      await server.core.operators.cleanUp()
      t.same(await sql`SELECT FROM idempotent_requests`, [], 'and it is removed')
    })
  })
}

t.test('a request whose sender went away is answered when it comes back', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const sql = openSql(t, server.settings)
  const key = withKey()
  const sent = httpRequest(`${server.ops}/admin/clients`, {
    method: 'POST', headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json', ...key }
  })
  sent.on('error', () => {})
  sent.end(JSON.stringify({ name: 'lost' }), () => sent.destroy())
  await until('it was answered', async () =>
    (await sql`SELECT FROM idempotent_requests WHERE status IS NOT NULL`).length === 1)
  const reply = await ask('POST', '/clients', { name: 'lost' }, key)
  t.match([reply.status, reply.headers.get('idempotent-replayed')], [201, 'true'])
  t.equal((await sql`SELECT FROM clients`).length, 1)
})

t.test('a request that could not be answered is done when it is sent again', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const sql = openSql(t, server.settings)
  const key = withKey()
  await sql`ALTER TABLE clients RENAME TO hidden`
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).status, 500)
  await sql`ALTER TABLE hidden RENAME TO clients`
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).status, 201)

  await sql`UPDATE idempotent_requests SET status = NULL, sealed_reply = NULL`
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).status, 409, 'it is being answered')
  await sql`UPDATE idempotent_requests SET started_at = now() - interval '61 s'`
  t.equal((await ask('POST', '/clients', { name: 'y' }, key)).status, 422)
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).status, 201, 'the process that answered it was lost')
})

t.test('a reply that cannot be kept is sent, and one that cannot be read is not made up', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const sql = openSql(t, server.settings)
  await sql`ALTER TABLE idempotent_requests ADD CHECK (status IS NULL)`
  const key = withKey()
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).status, 201)
  t.match(server.log.join(''), 'the reply to a request with an Idempotency-Key was not kept')
  await sql`UPDATE idempotent_requests SET sealed_reply = '\\x00', started_at = now()`
  await sql`ALTER TABLE idempotent_requests DROP CONSTRAINT idempotent_requests_status_check`
  await sql`UPDATE idempotent_requests SET status = 201`
  t.equal((await ask('POST', '/clients', { name: 'x' }, key)).body.error.code, 'IDEMPOTENCY_KEY_REUSED')
})
