import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { contracts } from '../../src/contracts/index.js'
import type { Contract } from '../../src/http/contract.js'
import { errorHandler } from '../../src/server/error-handler.js'
import { createRouteTable, RouteConflict } from '../../src/server/route-table.js'
import { startServer } from '../../src/server/server.js'
import { build, databases, buildSettings, testLog } from '../support/build.js'
import { post, send } from '../support/http.js'
import { expectKeys } from '../support/expect-keys.js'
import { matchesOpenapi } from '../support/matches-openapi.js'
import { loggedIn, registered } from '../support/people.js'
import { freePort } from '../support/postgres-server.js'

/** Mounts routes as a listener does, each under the name of a contract. */
async function mounted (routes: Array<[contract: string, method: string, url: string]>): Promise<FastifyInstance> {
  const app = Fastify()
  const table = createRouteTable()
  for (const [contract, method, url] of routes) {
    await app.register(async scope => {
      scope.addHook('onRoute', table.recorder(contract))
      scope.route({ method, url, handler: async () => contract })
    })
  }
  const shape: Contract = { ...contracts.ops, render: () => ({ status: 405, body: {} }) }
  table.refuseOtherMethods(app, () => errorHandler(shape, app.log))
  return app
}

t.test('two contracts with one route on one listener are a conflict that names the route and both', async t => {
  await t.rejects(mounted([['tasks', 'POST', '/auth/login'], ['web', 'POST', '/auth/login']]), {
    name: 'RouteConflict',
    message: 'contracts "tasks" and "web" both define POST /auth/login; put them on different ports in LISTEN'
  })
  t.ok(new RouteConflict('POST /x', 'a', 'b') instanceof Error)
})

t.test('two contracts with one path and different methods are none, and 405 tells of both', async t => {
  const app = await mounted([['tasks', 'POST', '/tasks'], ['web', 'PUT', '/tasks'], ['web', 'POST', '/other']])
  const reply = await app.inject({ method: 'DELETE', url: '/tasks' })
  t.equal(reply.statusCode, 405)
  t.equal(reply.headers.allow, 'POST, PUT')
  t.equal((await app.inject({ method: 'PUT', url: '/tasks' })).body, 'web')
})

t.test('a server with a conflict does not start and leaves nothing running', async t => {
  const port = await freePort()
  const settings = await buildSettings(t, {
    settings: { listen: [{ host: '127.0.0.1', port, contracts: ['partner', 'partner'] }] }
  })
  await t.rejects(startServer({ settings, log: testLog().log, now: Date.now }))
  await isClosed(t, port)
})

async function isClosed (t: Test, port: number): Promise<void> {
  await t.rejects(fetch(`http://127.0.0.1:${port}/openapi.json`), { cause: { code: 'ECONNREFUSED' } })
}

t.test('every listener serves the OpenAPI document of what is mounted on it', async t => {
  const { api, ops } = await build(t)
  for (const [url, paths] of [
    [api, [
      '/api/auth/login', '/api/auth/validate-token', '/api/auth/refresh-token', '/api/auth/revoke-token',
      '/api/auth/register'
    ]],
    [ops, ['/livez', '/readyz']]
  ] as const) {
    const reply = await send(`${url}/openapi.json`)
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
    t.match(reply.body.openapi, /^3\.1\./)
    for (const path of paths) t.ok(path in reply.body.paths, path)
    t.equal('/livez' in reply.body.paths, url === ops, 'and of nothing else')
  }
})

t.test('every listener serves a page that shows the document, with all that the page loads', async t => {
  const { api, ops } = await build(t)
  for (const url of [api, ops]) {
    const page = await send(`${url}/docs`)
    t.equal(page.status, 200)
    t.match(page.headers.get('content-type'), /^text\/html/)
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, path = '']) => new URL(path, `${url}/docs`))
    t.ok(loaded.length > 3)
    for (const { href, origin } of loaded) {
      t.equal(origin, url, 'nothing comes from elsewhere')
      t.equal((await send(href)).status, 200, href)
    }
    t.same((await send(`${url}/docs/json`)).body, (await send(`${url}/openapi.json`)).body)
  }
})

for (const database of databases) {
  t.test(`livez and readyz say that it is alive and can answer, on ${database}`, async t => {
    const { ops } = await build(t, { database })
    for (const [path, status] of [['/livez', 'alive'], ['/readyz', 'ready']] as const) {
      const reply = await send(`${ops}${path}`)
      t.equal(reply.status, 200)
      expectKeys(t, reply.body, 'success', 'data')
      t.same(reply.body, { success: true, data: { status } })
      matchesOpenapi(t, 'ops', `GET ${path}`, reply)
    }
  })
}

t.test('a contract is served where LISTEN says, and nowhere else', async t => {
  const { api, ops } = await build(t)
  t.equal((await post(`${ops}/api/auth/login`, {})).status, 404)
  t.equal((await send(`${api}/livez`)).status, 404)
})

t.test('accounts and sessions are the same on every listener', async t => {
  const { addresses: [one = '', two = ''] } = await build(t, {
    settings: {
      listen: [
        { host: '127.0.0.1', port: 0, contracts: ['spa'] },
        { host: '127.0.0.1', port: 0, contracts: ['partner'] },
        { host: '127.0.0.1', port: 0, contracts: ['ops'] }
      ]
    }
  })
  const { token } = await loggedIn(two, await registered(one))
  t.equal((await post(`${two}/api/auth/validate-token`, { token })).status, 200)
})

for (const database of databases) {
  t.test(`a port in use is a clear error and leaves nothing running, on ${database}`, async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.teardown(() => taken.close())
    const address = taken.address()
    const inUse = typeof address === 'object' ? address?.port ?? 0 : 0
    const free = await freePort()
    const settings = await buildSettings(t, {
      database,
      settings: {
        listen: [
          { host: '127.0.0.1', port: free, contracts: ['partner', 'spa'] },
          { host: '127.0.0.1', port: inUse, contracts: ['ops'] }
        ]
      }
    })
    await t.rejects(startServer({ settings, log: testLog().log, now: Date.now }), {
      code: 'EADDRINUSE', message: new RegExp(`^LISTEN 127\\.0\\.0\\.1:${inUse}=ops: the port is in use `)
    })
    await isClosed(t, free)

    taken.close()
    const server = await build(t, { settings })
    t.equal(server.addresses.length, 2, 'and when the port is free it starts over the same data')
    await registered(server.api)
  })
}

t.test('a stop lets requests under way finish, and does not wait for clients that keep their connection', async t => {
  const port = await freePort()
  const server = await build(t, {
    settings: { passwords: { memory: 131_072 }, listen: [{ host: '127.0.0.1', port, contracts: ['partner', 'spa'] }] }
  })
  const person = await registered(server.api)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())

  const login = request(`${server.api}/api/auth/login`, {
    method: 'POST', agent, headers: { 'content-type': 'application/json' }
  })
  login.end(JSON.stringify(person))
  const answered = once(login, 'response') as Promise<[IncomingMessage]>
  while (!server.log.some(line => line.includes('/api/auth/login'))) await turn()
  const stopped = server.stop().then(() => true)

  const [reply] = await answered
  reply.resume()
  t.equal(reply.statusCode, 200)
  t.ok(await Promise.race([stopped, delay(5000, false, { ref: false })]), 'it has stopped within five seconds')
  await isClosed(t, port)
})
