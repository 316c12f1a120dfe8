import t, { type Test } from 'tap'
import type { ContractName } from '../../src/contracts/index.js'
import { sendRequest } from '../support/requester.js'
import { build, type TestServer } from '../support/build.js'
import { readDocument } from '../support/matches-openapi.js'
import { newPerson } from '../support/people.js'

/* Pages of CORS_ORIGIN may call with cookies from elsewhere; no other page may (Fetch standard, CORS protocol). */

const listed = ['https://app.example.com', 'http://localhost:5173']
const unlisted = [
  'https://evil.example', 'null', 'http://app.example.com', 'https://app.example.com.evil.example',
  'https://x.app.example.com', 'https://app.example.com:8443', 'https://example.com', 'http://localhost:5174', 'http://localhost'
]

/** Every path of every contract, as the committed documents have them, and where the test server has it. */
function routesOf (server: TestServer): Array<{ url: string, path: string, methods: string[] }> {
  const bases = { partner: server.api, session: server.api, spa: server.api, tasks: server.tasks, web: server.web }
  return Object.entries(bases).flatMap(([contract, url]) =>
    Object.entries(readDocument(contract as ContractName).paths).map(([path, operations]) => ({
      url,
      path: path.replace('{task_id}', '550e8400-e29b-41d4-a716-446655440000'),
      methods: Object.keys(operations).map(method => method.toUpperCase())
    })))
}

const preflight = (url: string, path: string, origin: string, method: string) => sendRequest(url, `OPTIONS ${path}`, {
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type'
  }
})

function letsNobodyIn (t: Test, headers: Headers, what: string): void {
  t.equal(headers.get('access-control-allow-origin'), null, what)
}

t.test('CORS with CORS_ORIGIN set', async t => {
  const server = await build(t, { settings: { corsOrigins: listed } })
  const routes = routesOf(server)

  await t.test('a preflight of a listed origin is answered on every route, for each of its methods', async t => {
    t.ok(routes.length >= 20)
    for (const { url, path, methods } of routes) {
      for (const [index, method] of methods.entries()) {
        const origin = listed[index % 2] ?? ''
        const { status, text, headers } = await preflight(url, path, origin, method)
        t.equal(status, 204, `${method} ${path}`)
        t.equal(text, '')
        t.equal(headers.get('access-control-allow-origin'), origin)
        t.equal(headers.get('access-control-allow-credentials'), 'true')
        t.ok(headers.get('access-control-allow-methods')?.split(', ').includes(method))
        t.equal(headers.get('access-control-allow-headers'), 'authorization,content-type')
        t.match(headers.get('vary'), /Origin/i)
      }
    }
  })

  await t.test('a preflight of any other origin is not allowed', async t => {
    for (const { url, path, methods } of routes) {
      const { headers } = await preflight(url, path, 'https://evil.example', methods[0] ?? '')
      letsNobodyIn(t, headers, path)
    }
    for (const origin of unlisted) {
      letsNobodyIn(t, (await preflight(server.web, '/auth/login', origin, 'POST')).headers, origin)
    }
  })

  await t.test('a page that is listed may read replies, refusals too, with the headers it needs', async t => {
    const { username: name, email, password } = newPerson()
    const json = { email, password }
    await sendRequest(server.api, 'POST /api/auth/sign-up/email', { json: { name, ...json } })
    for (const [base, route, status, body] of [
      [server.api, 'POST /api/auth/sign-in/email', 200, json], [server.api, 'POST /api/auth/login', 200, json],
      [server.tasks, 'POST /auth/login', 200, json], [server.web, 'POST /auth/login', 200, json],
      [server.web, 'POST /auth/login', 401, { email, password: 'wrong' }], [server.web, 'POST /auth/login', 400, {}],
      [server.tasks, 'GET /tasks', 401], [server.tasks, 'GET /nothing', 404], [server.web, 'PUT /auth/login', 405]
    ] as const) {
      for (const origin of listed) {
        const reply = await sendRequest(base, route, { ...(body !== undefined && { json: body }), headers: { origin } })
        t.equal(reply.status, status, route)
        t.equal(reply.headers.get('access-control-allow-origin'), origin)
        t.equal(reply.headers.get('access-control-allow-credentials'), 'true')
        t.equal(reply.headers.get('access-control-expose-headers'), 'Keyturn-Device, Link, Retry-After, Set-Auth-Token')
        t.match(reply.headers.get('vary'), /Origin/i)
      }
    }
  })

  await t.test('a page that is not listed may read nothing, and no cache mixes up whom it answered', async t => {
    for (const origin of unlisted) {
      for (const [base, route] of [[server.web, 'GET /auth/me'], [server.tasks, 'GET /tasks']] as const) {
        const { headers } = await sendRequest(base, route, { headers: { origin } })
        letsNobodyIn(t, headers, `${route} of ${origin}`)
        t.match(headers.get('vary'), /Origin/i)
      }
    }
    letsNobodyIn(t, (await sendRequest(server.web, 'GET /auth/me')).headers, 'no origin at all')
  })

  await t.test('OPTIONS that is no preflight is refused in the shape of the contract, as without CORS', async t => {
    for (const { url, path } of routes) {
      const { status, headers } = await sendRequest(url, `OPTIONS ${path}`)
      t.equal(status, 405, path)
      t.equal(headers.get('content-type'), 'application/json; charset=utf-8')
      t.ok(headers.get('allow'))
    }
  })
})

t.test('without CORS_ORIGIN no page from elsewhere is let in, and there are no preflights', async t => {
  const server = await build(t)
  for (const { url, path, methods } of routesOf(server)) {
    const { status, headers } = await preflight(url, path, 'https://app.example.com', methods[0] ?? '')
    t.equal(status, 405, path)
    t.same([...headers.keys()].filter(name => name.startsWith('access-control')), [])
  }
  const { headers } = await sendRequest(server.web, 'GET /auth/me', { headers: { origin: 'https://app.example.com' } })
  t.same([...headers.keys()].filter(name => name.startsWith('access-control')), [])
})
