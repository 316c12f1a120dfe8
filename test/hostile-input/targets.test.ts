import { METHODS } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { faultOfRefusal } from '../support/api-routes.js'
import { allAnswered, type Attempt } from '../support/attempts.js'
import { dump, openSql } from '../support/open-sql.js'
import { build } from '../support/build.js'
import { readDocument } from '../support/matches-openapi.js'
import { signedUp } from '../support/people.js'
import { sendRaw, type RawReply, type RawRequest } from '../support/raw-http.js'

/* Requests for what is not there: wrong methods, unknown paths, targets that are no paths. */

/**
 * One listener for each contract, so that what belongs to no route is answered in the shape of each, and another one
 * on which somebody has signed up, who has something to lose.
 */
const server = await build(t, {
  settings: {
    listen: [...contractNames.map(name => [name]), ['partner', 'spa']]
      .map(contracts => ({ host: '127.0.0.1', port: 0, contracts }))
  }
})
const api = server.addresses.at(-1) ?? ''
const { token } = await signedUp(api)
const sql = openSql(t, server.settings)
const urls = contractNames.map((name, index) => [name, server.addresses[index] ?? ''] as const)

/** A request that must be answered with one of the statuses, in the shape of the contract; `more` looks further. */
function attempt (
  contract: ContractName, request: RawRequest, statuses: number[], more: (reply: RawReply) => string | null = () => null
): Attempt {
  const url = urls.find(([name]) => name === contract)?.[1] ?? ''
  return {
    name: `${contract} ${JSON.stringify(request)}`,
    fault: async () => {
      const reply = await sendRaw(url, request)
      if (!statuses.includes(reply.status)) return `${reply.status} instead of ${statuses.join(', ')}`
      if (reply.headers.get('cache-control') !== 'no-store') return 'a cache may keep it'
      return more(reply) ?? (request.method === 'HEAD'
        ? null
        : faultOfRefusal(contract, { text: reply.text, contentType: reply.headers.get('content-type') }))
    }
  }
}

/** The methods of each path, as the committed document of the contract has them. */
function routesOf (contract: ContractName): Array<[path: string, methods: string[]]> {
  return Object.entries(readDocument(contract).paths).map(([path, operations]) => {
    const methods = Object.keys(operations).map(method => method.toUpperCase())
    return [path.replaceAll(/\{\w+\}/g, 'x'), methods.includes('GET') ? [...methods, 'HEAD'] : methods]
  })
}

t.test('a method that a path does not take is a 405 with Allow', async t => {
  const before = await dump(sql)
  const bodies: Array<Partial<RawRequest>> = [
    {}, { headers: ['Content-Type: application/json'], body: '{' }, { headers: ['Content-Type: x/y'], body: 'x' }
  ]
  await allAnswered(t, 'other methods', contractNames.flatMap(contract => routesOf(contract).flatMap(
    ([target, methods]) => ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
      .filter(method => !methods.includes(method))
      .flatMap(method => bodies.map(body => attempt(contract, { method, target, ...body }, [405], ({ headers }) => {
        const allow = headers.get('allow')
        return isDeepStrictEqual(allow?.split(', ').sort(), [...methods].sort()) ? null : `Allow: ${allow}`
      })))
  )))
  t.equal(await dump(sql), before, 'nothing has changed')
})

t.test('every method that HTTP has is answered without a fault', async t => {
  await allAnswered(t, 'methods', contractNames.flatMap(contract => routesOf(contract).flatMap(
    ([target, methods]) => METHODS.filter(method => !methods.includes(method) && method !== 'CONNECT')
      .map(method => attempt(contract, { method, target }, [404, 405, 501]))
  )))
})

const unknownPaths = [
  '//', '/api', '/api/auth', '/api/auth/', '/api/auth/nothing', '/favicon.ico', '/.env', '/metric', '/admin',
  '/__proto__', '/constructor', '/api/auth/login/', '/api/auth/login/x', '//api/auth/login', '/api//auth/login',
  '/api/auth//login', '/API/AUTH/LOGIN', '/api/auth/login;x=y', '/api/auth/login%00', '/api/auth/login%20',
  '/api/auth%2flogin', '/api/auth/../auth/login', '/api/auth/./login', '/api/auth/login%0d%0ax-injected:%201',
  '/api/auth/register/', '/livez/', '/readyz/', '/openapi.json/', `/${'x'.repeat(10_000)}`, `/${'%41'.repeat(3000)}`,
  '/docs/nothing', '/docs/static/nothing', '/docs/../package.json', '/docs/static/../../package.json',
  '/docs/static/..%2f..%2f..%2fpackage.json', '/docs/static/%2e%2e/%2e%2e/package.json',
  '/docs/static/..%5cpackage.json', '/docs/static/%00', `/docs/static/${'x'.repeat(5000)}`
]

t.test('an unknown path is a 404', async t => {
  await allAnswered(t, 'paths', contractNames.flatMap(contract => unknownPaths.flatMap(target =>
    ['GET', 'POST', 'DELETE', 'OPTIONS'].map(method => attempt(contract, { method, target }, [404], reply => {
      if (reply.text.includes('"dependencies"')) return 'it shows package.json'
      return reply.headers.has('x-injected') ? 'it lets a header in' : null
    })))))
})

t.test('an unknown path is a 404 whatever is sent there', async t => {
  const bodies = [
    ['application/json', '{}'], ['application/json', ''], ['application/json', '{'], ['text/plain', 'x'], ['x/y', 'x']
  ] as const
  await allAnswered(t, 'bodies', contractNames.flatMap(contract => bodies.flatMap(([type, body]) =>
    ['POST', 'PUT', 'DELETE'].map(method => attempt(contract, {
      method, target: '/api/auth/nothing', headers: [`Content-Type: ${type}`], body
    }, [404])))))
})

t.test('a target that cannot be decoded is a 400', async t => {
  const targets = [
    '/%zz', '/%', '/%2', '/%c3', '/api/auth/%E0%A4%A', '/api/auth/login%ff', '/api/auth/login%', '/%c0%ae%c0%ae/etc'
  ]
  await allAnswered(t, 'targets', contractNames.flatMap(contract => targets.flatMap(target =>
    ['GET', 'POST'].map(method => attempt(contract, { method, target }, [400])))))
})

t.test('a query does not matter, not even a broken one, and is not logged', async t => {
  const queries = ['?', '??', '?token=canary', '?%zz', '?__proto__[x]=canary', `?${'x='.repeat(2000)}`, '?a=1&a=2']
  for (const query of queries) {
    const reply = await sendRaw(api, {
      target: `/api/auth/validate-token${query}`,
      headers: ['Content-Type: application/json'],
      body: JSON.stringify({ token })
    })
    t.equal(reply.status, 200, query.slice(0, 30))
    t.equal((await sendRaw(api, { method: 'GET', target: `/nothing${query}` })).status, 404)
  }
  t.notMatch(server.log.join(''), 'canary')
})

t.test('a target may be an absolute URL (RFC 9112 3.2.2)', async t => {
  const reply = await sendRaw(api, {
    target: `${api}/api/auth/validate-token`,
    headers: ['Content-Type: application/json'],
    body: JSON.stringify({ token })
  })
  t.equal(reply.status, 200)
})

t.test('nothing of it was unexpected', async t => {
  t.notMatch(server.log.join(''), /"level":(50|60)/)
})
