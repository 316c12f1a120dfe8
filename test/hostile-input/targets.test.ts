import { METHODS } from 'node:http'
import t, { type Test } from 'tap'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { isRefusal } from '../support/api-routes.js'
import { dump, sqlBeside } from '../support/beside.js'
import { build, type TestServer } from '../support/build.js'
import { readDocument } from '../support/matches-openapi.js'
import { signedUp } from '../support/people.js'
import { sendRaw, type RawReply, type RawRequest } from '../support/raw-http.js'

/* Requests for what is not there: wrong methods, unknown paths, targets that are no paths. */

/**
 * One listener for each contract, so that what belongs to no route is answered in the shape of each, and another one
 * on which somebody has signed up, who has something to lose.
 */
async function setUp (t: Test): Promise<{ server: TestServer, urls: Array<readonly [ContractName, string]> }> {
  const served = [...contractNames.map(name => [name]), ['partner', 'spa']]
  const server = await build(t, {
    settings: { LISTEN: served.map(contracts => ({ host: '127.0.0.1', port: 0, contracts })) }
  })
  await signedUp(server.addresses.at(-1) ?? '')
  return { server, urls: contractNames.map((name, index) => [name, server.addresses[index] ?? ''] as const) }
}

function isRefused (t: Test, contract: ContractName, what: string, reply: RawReply, status: number): void {
  t.equal(reply.status, status, `${what.slice(0, 80)}: ${status}`)
  t.equal(reply.headers.get('cache-control'), 'no-store')
  if (what.startsWith('HEAD')) return
  isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') ?? null })
}

/** The methods of each path, as the committed document of the contract has them. */
function routesOf (contract: ContractName): Array<[path: string, methods: string[]]> {
  return Object.entries(readDocument(contract).paths).map(([path, operations]) => {
    const methods = Object.keys(operations).map(method => method.toUpperCase())
    return [path.replaceAll(/\{\w+\}/g, 'x'), methods.includes('GET') ? [...methods, 'HEAD'] : methods]
  })
}

t.test('a method that a path does not take is a 405 with Allow, in the shape of the contract', async t => {
  const { server, urls } = await setUp(t)
  const before = await dump(sqlBeside(t, server.config))
  for (const [contract, url] of urls) {
    for (const [path, methods] of routesOf(contract)) {
      await t.test(`${contract} ${path}`, async t => {
        const wrong = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
          .filter(method => !methods.includes(method))
        const bodies: Array<Partial<RawRequest>> = [
          {}, { headers: ['Content-Type: application/json'], body: '{' }, { headers: ['Content-Type: x/y'], body: 'x' }
        ]
        for (const method of wrong) {
          for (const body of bodies) {
            const reply = await sendRaw(url, { method, target: path, ...body })
            isRefused(t, contract, `${method} ${path}`, reply, 405)
            t.same(reply.headers.get('allow')?.split(', ').sort(), [...methods].sort(), `${method} ${path}: Allow`)
          }
        }
      })
    }
  }
  t.equal(await dump(sqlBeside(t, server.config)), before, 'nothing has changed')
})

t.test('every method that HTTP has is answered without a fault', async t => {
  const { server, urls } = await setUp(t)
  for (const [contract, url] of urls) {
    for (const [path, methods] of routesOf(contract)) {
      for (const method of METHODS.filter(method => !methods.includes(method) && method !== 'CONNECT')) {
        const reply = await sendRaw(url, { method, target: path })
        t.ok([404, 405, 501].includes(reply.status), `${method} ${path}: ${reply.status}`)
        if (method !== 'HEAD') {
          isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') ?? null })
        }
      }
    }
  }
  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

const unknownPaths = [
  '/', '//', '/api', '/api/auth', '/api/auth/', '/api/auth/nothing', '/favicon.ico', '/.env', '/metric', '/admin',
  '/__proto__', '/constructor', '/api/auth/login/', '/api/auth/login/x', '//api/auth/login', '/api//auth/login',
  '/api/auth//login', '/API/AUTH/LOGIN', '/api/auth/login;x=y', '/api/auth/login%00', '/api/auth/login%20',
  '/api/auth%2flogin', '/api/auth/../auth/login', '/api/auth/./login', '/api/auth/login%0d%0ax-injected:%201',
  '/api/auth/register/', '/livez/', '/readyz/', '/openapi.json/', `/${'x'.repeat(10_000)}`, `/${'%41'.repeat(3000)}`,
  '/docs/nothing', '/docs/static/nothing', '/docs/../package.json', '/docs/static/../../package.json',
  '/docs/static/..%2f..%2f..%2fpackage.json', '/docs/static/%2e%2e/%2e%2e/package.json',
  '/docs/static/..%5cpackage.json', '/docs/static/%00', `/docs/static/${'x'.repeat(5000)}`
]

t.test('an unknown path is a 404 in the shape of the listener\'s first contract', async t => {
  const { server, urls } = await setUp(t)
  for (const [contract, url] of urls) {
    await t.test(contract, async t => {
      for (const target of unknownPaths) {
        for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
          const reply = await sendRaw(url, { method, target })
          isRefused(t, contract, `${method} ${target}`, reply, 404)
          t.notMatch(reply.text, /"dependencies"/)
          t.equal(reply.headers.get('x-injected'), undefined)
        }
      }
    })
  }
  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

t.test('an unknown path is a 404 whatever is sent there', async t => {
  const { urls } = await setUp(t)
  for (const [contract, url] of urls) {
    for (const [type, body] of [
      ['application/json', '{}'], ['application/json', ''], ['application/json', '{'], ['text/plain', 'x'], ['x/y', 'x']
    ] as const) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const reply = await sendRaw(url, {
          method, target: '/api/auth/nothing', headers: [`Content-Type: ${type}`], body
        })
        isRefused(t, contract, `${method} ${type} ${body}`, reply, 404)
      }
    }
  }
})

t.test('a target that cannot be decoded is a 400 in the shape of the listener\'s first contract', async t => {
  const { server, urls } = await setUp(t)
  for (const [contract, url] of urls) {
    for (const target of [
      '/%zz', '/%', '/%2', '/%c3', '/api/auth/%E0%A4%A', '/api/auth/login%ff', '/api/auth/login%', '/%c0%ae%c0%ae/etc'
    ]) {
      for (const method of ['GET', 'POST']) {
        const reply = await sendRaw(url, { method, target })
        isRefused(t, contract, `${method} ${target}`, reply, 400)
      }
    }
  }
  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

t.test('a query does not matter, not even a broken one, and is not logged', async t => {
  const server = await build(t)
  const { token } = await signedUp(server.api)
  const body = JSON.stringify({ token })
  for (const query of [
    '?', '??', '?token=canary', '?%zz', '?__proto__[x]=canary', `?${'x='.repeat(2000)}`, '?a=1&a=2'
  ]) {
    const reply = await sendRaw(server.api, {
      target: `/api/auth/validate-token${query}`, headers: ['Content-Type: application/json'], body
    })
    t.equal(reply.status, 200, query.slice(0, 30))
    t.equal((await sendRaw(server.api, { method: 'GET', target: `/nothing${query}` })).status, 404)
  }
  t.notMatch(server.log.join(''), 'canary')
})

t.test('a target may be an absolute URL (RFC 9112 3.2.2)', async t => {
  const { api } = await build(t)
  const { token } = await signedUp(api)
  const reply = await sendRaw(api, {
    target: `${api}/api/auth/validate-token`,
    headers: ['Content-Type: application/json'],
    body: JSON.stringify({ token })
  })
  t.equal(reply.status, 200)
})
