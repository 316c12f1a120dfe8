import t, { type Test } from 'tap'
import { asker, asks, isReply, type Asked } from '../support/ask.js'
import { dump, sqlBeside } from '../support/beside.js'
import { build, databases, type BuildOptions } from '../support/build.js'
import type { Reply } from '../support/http.js'
import { sessionPerson } from '../support/session-person.js'
import { taskOwner } from '../support/task-owner.js'

/*
 * Seed 000 and the design: a request that changes something on the strength of a cookie must not come from somebody
 * else's page. Own are the request's host, PUBLIC_URL and CORS_ORIGIN.
 */

const settings = {
  PUBLIC_URL: 'https://auth.example.com', CORS_ORIGIN: ['https://app.example.com', 'http://localhost:5173']
}

type CookieContract = 'session' | 'tasks' | 'web'

const refusals = {
  session: { code: 'INVALID_ORIGIN', message: 'Invalid origin' },
  tasks: { detail: 'You do not have permission to access this resource' },
  web: { error: 'The request comes from a page of another origin' }
} as const satisfies Record<CookieContract, object>

/** Every route that changes something for who has the cookie, in an order in which each still can. */
const changes: ReadonlyArray<readonly [CookieContract, route: string, json?: object]> = [
  ['tasks', 'POST /tasks', { title: 'Buy milk' }],
  ['tasks', 'PUT /tasks/{task_id}', { completed: true }],
  ['tasks', 'PATCH /tasks/{task_id}/toggle'],
  ['tasks', 'DELETE /tasks/{task_id}'],
  ['tasks', 'POST /auth/logout'],
  ['web', 'POST /auth/logout'],
  ['session', 'POST /api/auth/refresh'],
  ['session', 'POST /api/auth/revoke-session', { token: 'x' }],
  ['session', 'POST /api/auth/revoke-other-sessions'],
  ['session', 'POST /api/auth/change-password', { newPassword: 'another password' }],
  ['session', 'POST /api/auth/revoke-sessions'],
  ['session', 'POST /api/auth/sign-out']
]

const reads: ReadonlyArray<readonly [CookieContract, route: string]> = [
  ['tasks', 'GET /tasks'], ['web', 'GET /auth/me'], ['session', 'GET /api/auth/get-session'],
  ['session', 'GET /api/auth/list-sessions']
]

/** What no page of ours is called; `host` is the one the request is for. */
const hostileOrigins = (host: string): string[] => {
  const port = Number(host.split(':')[1])
  return [
    'null', '', '*', 'undefined', 'https://evil.example', 'http://evil.example', 'https://evil.example:443',
    // Suffix, prefix, parent, child and sibling of our own.
    'https://app.example.com.evil.example', 'https://evilapp.example.com', 'https://app.example.community',
    'https://app.example.co', 'https://example.com', 'https://x.app.example.com', 'https://evil.example.com',
    'https://auth.example.com.evil.example', 'https://evil-auth.example.com', 'https://x.auth.example.com',
    // Another scheme or port.
    'http://app.example.com', 'http://auth.example.com', 'https://app.example.com:8443', 'https://auth.example.com:80',
    'ws://app.example.com', 'ftp://app.example.com', 'http://localhost', 'http://localhost:5174',
    'https://localhost:5173', 'http://127.0.0.1:5173',
    `https://${host}`, `http://${host.split(':')[0]}`, `http://${host.split(':')[0]}:${port + 1}`, `http://${host}0`,
    `http://localhost:${port}`, `http://[::1]:${port}`, `http://127.1:${port}`, `http://2130706433:${port}`,
    `http://x.${host}`, `http://${host}.evil.example`,
    // Tricks for those who compare parts.
    'https://app.example.com@evil.example', 'https://app.example.com%00.evil.example', 'https://app.example.com/',
    'https://evil.example/https://app.example.com', 'https://evil.example?https://app.example.com',
    'https://evil.example#https://app.example.com', 'https://app.example.com, https://evil.example',
    'https://evil.example https://app.example.com', 'https://app.example.com.', 'https://APP.example.com',
    'app.example.com', '//app.example.com', host, 'file://', 'about:blank', 'blob:https://app.example.com', 'data:',
    'chrome-extension://abcdefghijklmnop', 'https://[evil', 'https://app_example.com', '__proto__'
  ]
}

async function setUp (t: Test, options: BuildOptions) {
  const server = await build(t, { ...options, settings: { ...settings, ...options.settings } })
  const bases: Record<CookieContract, string> = { session: server.api, tasks: server.tasks, web: server.web }
  const cookies: Record<CookieContract, string> = { session: 'session', tasks: 'auth_token', web: 'token' }
  return {
    server,
    hostOf: (contract: CookieContract) => new URL(bases[contract]).host,
    send: (contract: CookieContract, route: string, asked: Asked) => asks(bases[contract], route, asked),

    /** Somebody with a task and a session at each contract: what goes with each route of theirs, by cookie. */
    person: async (t: Test) => {
      const session = await sessionPerson(t, asker(server.api, 'session'))
      const owner = await taskOwner(server.tasks, asker(server.tasks, 'tasks'))
      const { id } = await owner.add('Buy groceries')
      const tokens = {
        session: session.token,
        tasks: owner.token,
        web: (await sessionPerson(t, asker(server.api, 'session'))).token
      }
      const asked = (contract: CookieContract, route: string, json?: object): Asked => ({
        cookie: `${cookies[contract]}=${tokens[contract]}`,
        path: { task_id: id },
        ...(json !== undefined && {
          json: route.endsWith('change-password') ? { currentPassword: session.password, ...json } : json
        })
      })
      return { tokens, asked }
    }
  }
}

function isRefused (t: Test, contract: CookieContract, reply: Reply): void {
  isReply(t, reply, 403, refusals[contract])
  t.same(reply.headers.getSetCookie(), [], 'the cookie is left alone')
  t.equal(reply.headers.get('access-control-allow-origin'), null)
}

for (const database of databases) {
  t.test(`foreign origins on ${database}`, async t => {
    const { server, send, person, hostOf } = await setUp(t, { database })
    const sql = sqlBeside(t, server.config)
    const everything = () => dump(sql)

    await t.test('seed 000: every route with a cookie refuses a foreign page, and nothing changes', async t => {
      const { asked } = await person(t)
      const before = await everything()
      for (const [contract, route, json] of changes) {
        const ask = asked(contract, route, json)
        for (const headers of [
          { origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' },
          { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
          { origin: 'https://evil.example', authorization: 'Basic eDp5' },
          { origin: 'https://evil.example', authorization: 'Bearer' },
          { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
          { origin: 'http://evil.example', forwarded: 'host=evil.example' }
        ]) {
          isRefused(t, contract, await send(contract, route, { ...ask, headers }))
        }
      }
      t.equal(await everything(), before)
    })

    await t.test('seed 000: pages of our own, and clients that are no browser, are served', async t => {
      for (const [name, headersOf] of [
        ['neither header', () => ({})],
        ['own host', host => ({ origin: `http://${host}` })],
        ['PUBLIC_URL', () => ({ origin: settings.PUBLIC_URL })],
        ['CORS_ORIGIN', () => ({ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' })],
        ['CORS_ORIGIN too', () => ({ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' })],
        ['same-origin', () => ({ 'sec-fetch-site': 'same-origin' })],
        ['typed in', () => ({ 'sec-fetch-site': 'none' })]
      ] as Array<[string, (host: string) => Record<string, string>]>) {
        const { asked } = await person(t)
        for (const [contract, route, json] of changes) {
          const headers = headersOf(hostOf(contract))
          const { status } = await send(contract, route, { ...asked(contract, route, json), headers })
          t.ok(status < 300, `${name}: ${route} is ${status}`)
        }
      }
    })

    await t.test('seed 000: a bearer token is no cookie: no page can send it unasked', async t => {
      const { asked, tokens } = await person(t)
      for (const [contract, route, json] of changes) {
        const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
        const both = { ...asked(contract, route, json), bearer: tokens[contract], headers }
        const { status } = await send(contract, route, both)
        t.ok(status < 300, `${route} is ${status}`)
      }
    })

    await t.test('seed 000: what only reads is answered, and without a header that lets the page see it', async t => {
      const { asked } = await person(t)
      for (const [contract, route] of reads) {
        for (const origin of ['https://evil.example', 'null']) {
          const headers = { origin, 'sec-fetch-site': 'cross-site' }
          const reply = await send(contract, route, { ...asked(contract, route), headers })
          t.equal(reply.status, 200, `${route} of ${origin}`)
          t.equal(reply.headers.get('access-control-allow-origin'), null)
        }
      }
    })

    await t.test('seed 000: without a cookie there is nothing to refuse', async t => {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      t.equal((await send('web', 'POST /auth/logout', { headers })).status, 204)
      t.equal((await send('session', 'POST /api/auth/sign-out', { headers })).status, 200)
      t.equal((await send('tasks', 'POST /tasks', { headers, json: { title: 'x' } })).status, 401)
      t.equal((await send('tasks', 'POST /tasks', { headers, cookie: 'token=x', json: { title: 'x' } })).status, 401)
    })
  })
}

t.test('seed 000: whatever a foreign page is called, it is refused on each contract', async t => {
  const { server, send, person, hostOf } = await setUp(t, {})
  const { asked } = await person(t)
  const sql = sqlBeside(t, server.config)
  const before = await dump(sql)
  for (const [contract, route, json] of [changes[0], changes[5], changes[6]] as typeof changes) {
    for (const headers of [
      ...hostileOrigins(hostOf(contract)).map(origin => ({ origin })),
      ...['cross-site', 'same-site', '', 'none, cross-site', 'x'].map(site => ({ 'sec-fetch-site': site }))
    ]) {
      t.comment(`${route} ${JSON.stringify(headers)}`)
      isRefused(t, contract, await send(contract, route, { ...asked(contract, route, json), headers }))
    }
  }
  t.equal(await dump(sql), before)
})

t.test('seed 000: behind a trusted proxy the own host is the one that the page was asked for', async t => {
  const { person, send } = await setUp(t, { settings: { TRUST_PROXY: ['127.0.0.0/8'] } })
  const { asked } = await person(t)
  const forwarded = { 'x-forwarded-host': 'tasks.example.org', 'x-forwarded-proto': 'https' }
  const toggle = async (origin: string) => (await send('tasks', 'PATCH /tasks/{task_id}/toggle', {
    ...asked('tasks', 'PATCH /tasks/{task_id}/toggle'), headers: { ...forwarded, origin }
  })).status
  t.equal(await toggle('https://tasks.example.org'), 200)
  t.equal(await toggle('http://tasks.example.org'), 403)
  t.equal(await toggle('https://example.org'), 403)
})
