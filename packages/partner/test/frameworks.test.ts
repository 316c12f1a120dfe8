import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { send } from '../../../test/support/http.js'
import { buildForPartner } from '../../../test/support/partner.js'
import { signedUp } from '../../../test/support/people.js'
import { until } from '../../../test/support/until.js'
import { keyturn, type AuthenticatedRequest, type Middleware } from '../src/express.js'
import plugin from '../src/fastify.js'
import { createPartner, type PartnerOptions } from '../src/index.js'

const require = createRequire(import.meta.url)

interface App {
  use: ((middleware: Middleware) => void) & ((path: string, middleware: Middleware) => void)
}

async function listen (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Services that say whose token came, at /account; at /write for those with the scope sessions:write. */
const services: Record<string, (t: Test, options: PartnerOptions) => Promise<string>> = {
  async fastify (t, options) {
    const app = fastify()
    await app.register(plugin, options)
    app.get('/account', { preHandler: app.authenticate }, async request => request.account.id)
    app.get('/write', { preHandler: [app.authenticate, app.requireScope('sessions:write')] }, async () => 'written')
    t.teardown(() => app.close())
    t.equal(app.keyturn.health().acceptedUncertain, 0)
    return app.listen({ port: 0, host: '127.0.0.1' })
  }
}

for (const name of ['express', 'express-4', 'connect']) {
  services[name] = async (t, options) => {
    const auth = keyturn(options)
    t.teardown(auth.close)
    const app = (require(name) as () => App & RequestListener)()
    app.use(auth.metadata)
    app.use('/account', auth.authenticate)
    app.use('/account', (request, response) => { response.end(request.account?.id) })
    app.use('/write', auth.authenticate)
    app.use('/write', auth.requireScope('sessions:write'))
    app.use('/write', (_request, response) => { response.end('written') })
    return listen(t, app)
  }
}

for (const [name, start] of Object.entries(services)) {
  t.test(`a service with ${name} answers as RFC 6750 and RFC 9728 have it`, async t => {
    const { issuer, partner: client } = await buildForPartner(t)
    const { id: clientId, secret: clientSecret, audience } = client
    const options = { issuer, clientId, clientSecret, audience }
    const url = await start(t, options)
    const partner = createPartner(options)
    t.teardown(partner.close)
    const { token } = await signedUp(issuer)
    const exchanged = await partner.exchange(token, { scope: 'sessions:read' })
    const metadata = `${audience}/.well-known/oauth-protected-resource`
    const get = (path: string, authorization?: string) =>
      send(url + path, { headers: authorization === undefined ? {} : { authorization } })

    const missing = await get('/account')
    t.match(missing, { status: 401, body: { error: 'token_missing' } })
    t.equal(missing.headers.get('www-authenticate'), `Bearer resource_metadata="${metadata}"`)
    const wrong = await get('/account', `Bearer ${token}`)
    t.match(wrong, { status: 401, body: { error: 'invalid_token' } })
    t.equal(wrong.headers.get('www-authenticate'), `Bearer error="invalid_token", resource_metadata="${metadata}"`)

    const bearer = `Bearer ${exchanged.accessToken}`
    const { id } = await partner.verify(exchanged.accessToken)
    t.match(await get('/account', bearer), { status: 200, text: id })
    const scope = await get('/write', bearer)
    t.match(scope, { status: 403, body: { error: 'insufficient_scope' } })
    t.equal(scope.headers.get('www-authenticate'),
      `Bearer error="insufficient_scope", scope="sessions:write", resource_metadata="${metadata}"`)
    const both = await partner.exchange(token, { scope: 'sessions:read sessions:write' })
    t.equal((await get('/write', `Bearer ${both.accessToken}`)).text, 'written')

    t.same((await get('/.well-known/oauth-protected-resource')).body, {
      resource: audience, authorization_servers: [issuer], bearer_methods_supported: ['header']
    })
  })
}

t.test('a fault of the application is its own, and an issuer that is away is 503', async t => {
  const { issuer, partner: client, server } = await buildForPartner(t)
  const options = { issuer, clientId: client.id, clientSecret: client.secret }
  const auth = keyturn(options)
  t.teardown(auth.close)
  t.equal(auth.health().acceptedUncertain, 0)
  const lines: string[] = []
  const app = fastify({ logger: { stream: { write: line => { lines.push(line) } } } })
  await app.register(plugin, options)
  app.get('/', { preHandler: app.authenticate }, async () => 'fine')
  app.get('/unguarded', { preHandler: app.requireScope('x') }, async () => 'fine')
  t.teardown(() => app.close())
  t.equal((await app.inject('/unguarded')).statusCode, 500)
  t.equal((await app.inject('/.well-known/oauth-protected-resource')).statusCode, 404, 'without an audience')
  const faults: unknown[] = []
  auth.requireScope('x')({} as AuthenticatedRequest, {} as never, error => faults.push(error))
  await new Promise(resolve => { setImmediate(resolve) })
  t.match(faults, [{ message: /authenticate before requireScope/ }])
  let passed = 0
  auth.metadata({ url: '/' } as AuthenticatedRequest, {} as never, () => { passed += 1 })
  auth.metadata({} as AuthenticatedRequest, {} as never, () => { passed += 1 })
  t.equal(passed, 2)

  const { token } = await signedUp(issuer)
  await server.stop()
  const away = await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
  t.equal(away.statusCode, 503)
  t.equal(away.headers['retry-after'], '1')
  await until('it is in the log', () => lines.some(line => line.includes('keyturn') && line.includes('fetch failed')))
})
