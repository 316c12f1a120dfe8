import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { createRequester, sendRequest, type RequestOptions } from '../support/requester.js'
import { allAnswered, type Attempt } from '../support/attempts.js'
import { dump, openSql } from '../support/open-sql.js'
import { build, databases, type BuildOptions } from '../support/build.js'
import type { Reply } from '../support/http.js'
import { sessionPerson } from '../support/session-person.js'
import { taskOwner } from '../support/task-owner.js'

/*
 * A request that changes something on the strength of a cookie must not come from a page of another origin. Own are
 * the request's host, PUBLIC_URL and CORS_ORIGIN.
 */

const settings = {
  issuer: 'https://auth.example.com',
  corsOrigins: ['https://app.example.com', 'http://localhost:5173']
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
  ['session', 'POST /api/auth/change-password', { newPassword: 'another password', revokeOtherSessions: false }],
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
    // Behind a TLS proxy the page of the same host by plain HTTP, which an attacker on the way can write.
    `http://${host}`,
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

type Headers = Record<string, string>

async function setUp (options: BuildOptions) {
  const server = await build(t, { ...options, settings: { ...settings, ...options.settings } })
  const bases: Record<CookieContract, string> = { session: server.api, tasks: server.tasks, web: server.web }
  const cookies: Record<CookieContract, string> = { session: 'session', tasks: 'auth_token', web: 'token' }
  const send = (contract: CookieContract, route: string, options: RequestOptions) =>
    sendRequest(bases[contract], route, options)

  return {
    server,
    hostOf: (contract: CookieContract) => new URL(bases[contract]).host,
    send,

    /** A user with a task and a session at each contract: the options of each route's request, by cookie. */
    person: async (t: Test) => {
      const session = await sessionPerson(t, createRequester(server.api, 'session'))
      const owner = await taskOwner(server.tasks, createRequester(server.tasks, 'tasks'))
      const { id } = await owner.add('Buy groceries')
      const tokens = {
        session: session.token,
        tasks: owner.token,
        web: (await sessionPerson(t, createRequester(server.api, 'session'))).token
      }
      const optionsFor = (contract: CookieContract, route: string, json?: object): RequestOptions => ({
        cookie: `${cookies[contract]}=${tokens[contract]}`,
        path: { task_id: id },
        ...(json !== undefined && {
          json: route.endsWith('change-password') ? { currentPassword: session.password, ...json } : json
        })
      })
      return { tokens, optionsFor }
    },

    /** Sends a change with a cookie and these headers, which must be refused, and the cookie left alone. */
    refused: (options: RequestOptions, contract: CookieContract, route: string, headers: Headers): Attempt => ({
      name: `${route} ${JSON.stringify(headers)}`,
      fault: async () => faultOf(contract, await send(contract, route, { ...options, headers }))
    })
  }
}

/** What is wrong with the reply to a foreign page, to the byte; `null` when nothing is. */
function faultOf (contract: CookieContract, { status, text, headers }: Reply): string | null {
  const found = {
    status,
    text,
    type: headers.get('content-type'),
    cache: headers.get('cache-control'),
    cookies: headers.getSetCookie(),
    allowed: headers.get('access-control-allow-origin')
  }
  const wanted = {
    status: 403,
    text: JSON.stringify(refusals[contract]),
    type: 'application/json; charset=utf-8',
    cache: 'no-store',
    cookies: [],
    allowed: null
  }
  return isDeepStrictEqual(found, wanted) ? null : JSON.stringify(found)
}

const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

for (const database of databases) {
  t.test(`foreign origins on ${database}`, async t => {
    const { server, send, person, hostOf, refused } = await setUp({ database })
    const sql = openSql(t, server.settings)

    await t.test('every route with a cookie refuses a foreign page, and nothing changes', async t => {
      const { optionsFor } = await person(t)
      const before = await dump(sql)
      await allAnswered(t, 'foreign pages', changes.flatMap(([contract, route, json]) => [
        { origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' },
        { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
        { origin: 'https://evil.example', authorization: 'Basic eDp5' },
        { origin: 'https://evil.example', authorization: 'Bearer' },
        { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
        { origin: 'http://evil.example', forwarded: 'host=evil.example' }
      ].map(headers => refused(optionsFor(contract, route, json), contract, route, headers as Headers))))
      t.equal(await dump(sql), before)
    })

    /** Makes every change for a person, one after the other, and lists what is not served. */
    async function served (t: Test, headersOf: (contract: CookieContract) => Headers, byBearer = false) {
      const { optionsFor, tokens } = await person(t)
      const refusals = []
      for (const [contract, route, json] of changes) {
        const bearer = byBearer ? { bearer: tokens[contract] } : {}
        const headers = headersOf(contract)
        const { status } = await send(contract, route, { ...optionsFor(contract, route, json), ...bearer, headers })
        if (status >= 300) refusals.push(`${route} is ${status}`)
      }
      return refusals
    }

    await t.test('pages of our own, and clients that are no browser, are served', async t => {
      const own: Record<string, (contract: CookieContract) => Headers> = {
        'neither header': () => ({}),
        PUBLIC_URL: () => ({ origin: settings.issuer }),
        CORS_ORIGIN: () => ({ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }),
        'CORS_ORIGIN too': () => ({ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' }),
        'same-origin': () => ({ 'sec-fetch-site': 'same-origin' }),
        'typed in': () => ({ 'sec-fetch-site': 'none' })
      }
      for (const [name, headersOf] of Object.entries(own)) t.same(await served(t, headersOf), [], name)
    })

    await t.test('a bearer token is no cookie: no page can send it unasked', async t => {
      t.same(await served(t, () => foreign, true), [])
    })

    await t.test('what only reads is answered, and without a header that lets the page see it', async t => {
      const { optionsFor } = await person(t)
      for (const [contract, route] of reads) {
        for (const origin of ['https://evil.example', 'null']) {
          const reply = await send(contract, route, { ...optionsFor(contract, route), headers: { ...foreign, origin } })
          t.equal(reply.status, 200, `${route} of ${origin}`)
          t.equal(reply.headers.get('access-control-allow-origin'), null)
        }
      }
    })

    await t.test('without a cookie there is nothing to refuse', async t => {
      const headers = foreign
      t.equal((await send('web', 'POST /auth/logout', { headers })).status, 204)
      t.equal((await send('session', 'POST /api/auth/sign-out', { headers })).status, 200)
      t.equal((await send('tasks', 'POST /tasks', { headers, json: { title: 'x' } })).status, 401)
      t.equal((await send('tasks', 'POST /tasks', { headers, cookie: 'token=x', json: { title: 'x' } })).status, 401)
    })

    if (database !== 'postgres') return

    await t.test('whatever a foreign page is called, it is refused on each contract', async t => {
      const { optionsFor } = await person(t)
      const before = await dump(sql)
      const sites = ['cross-site', 'same-site', '', 'none, cross-site', 'x']
      const oneOfEach = [changes[0], changes[5], changes[6]] as typeof changes
      await allAnswered(t, 'names', oneOfEach.flatMap(([contract, route, json]) => [
        ...hostileOrigins(hostOf(contract)).map(origin => ({ origin })),
        ...sites.map(site => ({ 'sec-fetch-site': site }))
      ].map(headers => refused(optionsFor(contract, route, json), contract, route, headers as Headers))))
      t.equal(await dump(sql), before)
    })
  })
}

t.test('behind a trusted proxy the own host is the one that the page was asked for', async t => {
  const { person, send } = await setUp({ settings: { trustProxy: ['127.0.0.0/8'] } })
  const { optionsFor } = await person(t)
  const forwarded = { 'x-forwarded-host': 'tasks.example.org', 'x-forwarded-proto': 'https' }
  const toggle = async (origin: string) => (await send('tasks', 'PATCH /tasks/{task_id}/toggle', {
    ...optionsFor('tasks', 'PATCH /tasks/{task_id}/toggle'), headers: { ...forwarded, origin }
  })).status
  t.equal(await toggle('https://tasks.example.org'), 200)
  t.equal(await toggle('http://tasks.example.org'), 403)
  t.equal(await toggle('https://example.org'), 403)
})

t.test('where PUBLIC_URL is http, a page of the host of the request is our own', async t => {
  const { send, person, hostOf } = await setUp({ settings: { issuer: 'http://auth.example.com' } })
  const { optionsFor } = await person(t)
  for (const [contract, route] of [['tasks', 'POST /auth/logout'], ['session', 'POST /api/auth/refresh']] as const) {
    const headers = { origin: `http://${hostOf(contract)}` }
    t.equal((await send(contract, route, { ...optionsFor(contract, route), headers })).status, 200)
  }
})
