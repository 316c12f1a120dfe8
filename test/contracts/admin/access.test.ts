import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { operatorGuard } from '../../../src/contracts/admin/operator.js'
import { operatorScopes } from '../../../src/core/operators/operators.js'
import { clientInfo } from '../../support/accounts.js'
import { operatorOf } from '../../support/admin.js'
import { adminToken, build, databases, type TestServer } from '../../support/build.js'
import { send } from '../../support/http.js'
import { matchesOpenapi, readDocument } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
import { basic, newPartner, type Partner } from '../../support/partner.js'
import { signedUp } from '../../support/people.js'

/** A token of a client's own, with these scopes. */
async function tokenOf ({ api }: TestServer, partner: Partner, scope?: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...scope !== undefined && { scope } })
  const reply = await send(`${api}/oauth/token`, { method: 'POST', headers: basic(partner), body })
  return String(reply.body.access_token)
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

for (const database of databases) {
  t.test(`a client administers as far as its scopes go, on ${database}`, async t => {
    const server = await build(t, { database, settings: { adminToken: undefined } })
    const ask = operatorOf(server)
    t.equal((await ask('GET', '/accounts')).status, 404, 'before anyone may')
    const partner = await newPartner(server, { scopes: ['admin:read', 'other'] })
    const token = await tokenOf(server, partner)
    t.equal((await ask('GET', '/accounts', undefined, bearer(token))).status, 200)

    const refused = await ask('POST', '/keys/rotate', undefined, bearer(token))
    t.match([refused.status, refused.body.error.code], [403, 'INSUFFICIENT_SCOPE'])
    t.match(refused.headers.get('www-authenticate'), /error="insufficient_scope", scope="admin:keys"/)
    matchesOpenapi(t, 'admin', 'POST /admin/keys/rotate', refused)
    const narrow = await tokenOf(server, partner, 'other')
    t.equal((await ask('GET', '/accounts', undefined, bearer(narrow))).status, 403, 'the scope of the token counts')

    const plainClient = await newPartner(server, { scopes: [] })
    const plain = await tokenOf(server, plainClient)
    t.equal((await ask('GET', '/accounts', undefined, bearer(plain))).status, 403, 'one without a scope may nothing')

    const { token: users } = await signedUp(server.api)
    const wrong = await ask('GET', '/accounts', undefined, bearer(users))
    t.match([wrong.status, wrong.body.error.code], [401, 'INVALID_TOKEN'])
    matchesOpenapi(t, 'admin', 'GET /admin/accounts', wrong)
    const exchanged = await send(`${server.api}/oauth/token`, {
      method: 'POST',
      headers: basic(partner),
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: users,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope: 'admin:read'
      })
    })
    t.equal((await ask('GET', '/accounts', undefined, bearer(exchanged.body.access_token))).status, 401,
      'not even a token that was exchanged for its scope')

    await openSql(t, server.settings)`UPDATE clients SET scope = 'other' WHERE id = ${partner.id}`
    const lost = await ask('GET', '/accounts', undefined, bearer(token))
    t.equal(lost.status, 404, 'the client lost it, and none has it')
    await server.core.partners.clients.remove(partner.id, clientInfo)
    await newPartner(server, { scopes: ['admin:read'] })
    t.equal((await ask('GET', '/accounts', undefined, bearer(token))).status, 401, 'the client is gone')

    const records = await openSql(t, server.settings)`
      SELECT subject, actor FROM audit_events WHERE event = 'admin_refused' ORDER BY at`
    t.same(records.map(row => [row.subject, row.actor]), [
      ['admin_token', 'policy'], [partner.id, 'policy'], [plainClient.id, 'policy']
    ], 'once a minute each')
  })
}

t.test('the admin token counts on listeners of this machine, and elsewhere if the operator says so', async t => {
  for (const [host, adminTokenAnywhere, status] of [
    ['127.0.0.1', false, 200],
    // The same, in a spelling that could be any host.
    ['127.1', false, 404],
    ['127.1', true, 200]
  ] as const) {
    const server = await build(t, {
      ownDatabase: true,
      settings: { listen: [{ host, port: 0, contracts: ['admin'] }], adminTokenAnywhere }
    })
    const reply = await send(`${server.addresses[0]}/admin/accounts`, { headers: bearer(adminToken) })
    t.equal(reply.status, status, `${host}, ${adminTokenAnywhere}`)
  }
})

t.test('nothing of it is open to anyone else', async t => {
  const { ops } = await build(t)
  for (const [path, methods] of Object.entries(readDocument('admin').paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const [{ operator: [scope] = [] } = {}] = security as Array<{ operator?: string[] }>
      t.ok(operatorScopes.some(each => each === scope), `${method} ${path} names its scope`)
      const target = ops + path.replaceAll(/\{\w+\}/g, '550e8400-e29b-41d4-a716-446655440000')
      for (const [headers, code] of [
        [{}, 'TOKEN_MISSING'], [bearer('x'), 'INVALID_TOKEN'], [bearer(`${adminToken}x`), 'INVALID_TOKEN'],
        [bearer(adminToken.slice(1)), 'INVALID_TOKEN'], [{ cookie: `token=${adminToken}` }, 'TOKEN_MISSING']
      ] as const) {
        const reply = await send(target, { method: method.toUpperCase(), headers })
        t.match([reply.status, reply.body.error.code], [401, code], `${method} ${path}`)
        t.match(reply.headers.get('www-authenticate'), /^Bearer realm="keyturn"/)
      }
    }
  }
  const unknown = await send(`${ops}/admin/unknown`)
  t.match([unknown.status, unknown.body.error], [404, { code: 'NOT_FOUND', retryable: false }], 'in its shape')
})

t.test('a route without the guard does nothing for anyone', async t => {
  const { core, settings } = await build(t)
  const { by } = operatorGuard({ core, settings, isLoopback: true })
  t.throws(() => by({ method: 'GET', url: '/x', headers: {} } as FastifyRequest), { message: 'GET /x is not guarded' })
})
