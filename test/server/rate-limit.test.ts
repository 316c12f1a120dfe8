import t, { type Test } from 'tap'
import type { Overrides } from '../support/settings.js'
import { isRefusal } from '../support/api-routes.js'
import { dump, openSql } from '../support/open-sql.js'
import { build } from '../support/build.js'
import { expectKeys } from '../support/expect-keys.js'
import { post, send, type Reply } from '../support/http.js'
import { matchesOpenapi } from '../support/matches-openapi.js'
import { newPerson, signedUp } from '../support/people.js'

/* The crude brake on one address, at the routes where a password is tried or set. */

const most = 3

const loopback: Overrides = { trustProxy: ['127.0.0.1'] }

async function setUp (t: Test, settings: Overrides = {}) {
  const server = await build(t, { settings: { rateLimit: { max: most }, ...settings } })
  return {
    server,
    api: server.api,
    /** Tries a password as the client that the headers claim, and returns the status. */
    login: async (headers: Record<string, string> = {}) =>
      (await post(`${server.api}/api/auth/login`, { email: newPerson().email, password: 'x' }, headers)).status,
    from: (address: string) => ({ 'x-forwarded-for': address })
  }
}

async function times<T> (count: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let time = 0; time < count; time += 1) results.push(await act())
  return results
}

function isLimited (t: Test, contract: 'partner' | 'spa', route: string, reply: Reply): void {
  t.equal(reply.status, 429)
  t.equal(reply.headers.get('cache-control'), 'no-store')
  const retryAfter = Number(reply.headers.get('retry-after'))
  t.ok(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 60, `Retry-After: ${retryAfter}`)
  isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') })
  matchesOpenapi(t, contract, route, reply)
}

t.test('login is refused beyond RATE_LIMIT_MAX, in the shape of contract partner', async t => {
  const { api, login } = await setUp(t)
  t.same(await times(most, login), [401, 401, 401])
  const reply = await post(`${api}/api/auth/login`, { email: newPerson().email, password: 'x' })
  isLimited(t, 'partner', 'POST /api/auth/login', reply)
  expectKeys(t, reply.body.error, 'code', 'message', 'reason', 'retryable')
  t.match(reply.body.error, { code: 'RATE_LIMITED', reason: 'rate_limited', retryable: true })
})

t.test('register is refused beyond RATE_LIMIT_MAX, in the shape of contract spa, and makes no account', async t => {
  const { api, server } = await setUp(t)
  const register = () => post(`${api}/api/auth/register`, newPerson())
  t.same((await times(most, register)).map(({ status }) => status), [201, 201, 201])
  const sql = openSql(t, server.settings)
  const before = await dump(sql)
  const reply = await register()
  isLimited(t, 'spa', 'POST /api/auth/register', reply)
  t.equal(typeof reply.body.detail, 'string')
  t.equal(await dump(sql), before)
})

t.test('all routes that take a password share one count, on every listener', async t => {
  const { server: { api, tasks, web }, login } = await setUp(t)
  const person = newPerson()
  const statuses = [
    await login(),
    (await post(`${tasks}/auth/login`, person)).status,
    (await post(`${web}/auth/login`, person)).status,
    (await post(`${api}/api/auth/token`, person)).status,
    (await post(`${api}/api/auth/sign-in/email`, person)).status
  ]
  t.same(statuses, [401, 401, 401, 429, 429])
})

t.test('registrations have a lower limit of their own, which leaves sign-in alone', async t => {
  const { server: { api, tasks, web }, login } = await setUp(t, { rateLimit: { max: 100, maxRegistrations: 2 } })
  t.equal((await post(`${api}/api/auth/register`, newPerson())).status, 201)
  t.equal((await post(`${tasks}/auth/signup`, newPerson())).status, 201)
  const refused = await post(`${web}/auth/register`, newPerson())
  t.equal(refused.status, 429)
  const retryAfter = Number(refused.headers.get('retry-after'))
  t.ok(retryAfter > 0 && retryAfter <= 60, String(retryAfter))
  isLimited(t, 'spa', 'POST /api/auth/register', await post(`${api}/api/auth/register`, newPerson()))
  t.equal(await login(), 401)
})

t.test('REGISTRATION=closed leaves accounts to the operator, in the shape of each contract', async t => {
  const { api, tasks, web, core } = await build(t, { settings: { registration: 'closed' } })
  const routes = [
    `${api}/api/auth/register`, `${api}/api/auth/sign-up/email`, `${tasks}/auth/signup`, `${web}/auth/register`
  ]
  for (const route of routes) {
    const refused = await post(route, { name: 'Somebody', ...newPerson() })
    t.match({ status: refused.status, text: refused.text }, { status: 403, text: /by the operator/ }, route)
  }
  const person = newPerson()
  await core.accounts.register({ ...person, minPasswordLength: 8 }, { address: null, userAgent: null })
  t.equal((await post(`${api}/api/auth/login`, person)).status, 200, 'whose owners sign in')
})

t.test('a request counts whatever its body is', async t => {
  const { api } = await setUp(t)
  const statuses = []
  for (const body of ['{', '{}', 'x'.repeat(20_000), '{}']) {
    const headers = { 'content-type': 'application/json' }
    statuses.push((await send(`${api}/api/auth/login`, { method: 'POST', headers, body })).status)
  }
  t.same(statuses, [400, 400, 413, 429])
})

t.test('concurrent requests are counted one by one', async t => {
  const { login } = await setUp(t)
  const statuses = await Promise.all(Array.from({ length: 20 }, () => login()))
  t.equal(statuses.filter(status => status === 401).length, most)
  t.equal(statuses.filter(status => status === 429).length, 20 - most)
})

t.test('validate-token, refresh-token and revoke-token are not limited: a partner is one address', async t => {
  const { api } = await setUp(t)
  const person = await signedUp(api)
  await times(most, () => post(`${api}/api/auth/login`, person))
  t.equal((await post(`${api}/api/auth/login`, person)).status, 429)
  for (const [route, body, status] of [
    ['validate-token', { token: person.token }, 200],
    ['validate-token', { token: 'x' }, 401],
    ['refresh-token', { refreshToken: person.refreshToken }, 200],
    ['refresh-token', { refreshToken: 'x' }, 401],
    ['revoke-token', { token: 'x' }, 200]
  ] as const) {
    const replies = await times(most * 4, () => post(`${api}/api/auth/${route}`, body))
    t.ok(replies.every(reply => reply.status === status), `${route}: ${replies.map(reply => reply.status)}`)
  }
})

t.test('RATE_LIMIT_MAX 0 turns the limit off', async t => {
  const { login } = await setUp(t, { rateLimit: { max: 0 } })
  t.ok((await times(50, login)).every(status => status === 401))
})

t.test('without TRUST_PROXY no header makes a client another one', async t => {
  const { login, from } = await setUp(t)
  const claims = [
    from('198.51.100.1'), from('198.51.100.2, 198.51.100.3'), from('127.0.0.2'), from('::1'), from(' \t198.51.100.4'),
    { forwarded: 'for=198.51.100.5' }, { 'x-real-ip': '198.51.100.6' }, { 'x-client-ip': '198.51.100.7' },
    { 'cf-connecting-ip': '198.51.100.8' }, { 'true-client-ip': '198.51.100.9' }
  ]
  const statuses = []
  for (const headers of claims) statuses.push(await login(headers))
  t.same(statuses, claims.map((_, index) => index < most ? 401 : 429))
})

t.test('a proxy that is not in TRUST_PROXY is not believed', async t => {
  const { login, from } = await setUp(t, { trustProxy: ['10.0.0.0/8', '::1/128'] })
  t.same(await times(most, () => login(from('198.51.100.1'))), [401, 401, 401])
  t.equal(await login(from('198.51.100.2')), 429)
})

t.test('behind a trusted proxy two clients are two buckets', async t => {
  const { login, from } = await setUp(t, loopback)
  t.same(await times(most + 1, () => login(from('198.51.100.1'))), [401, 401, 401, 429])
  t.same(await times(most + 1, () => login(from('198.51.100.2'))), [401, 401, 401, 429])
})

t.test('behind a trusted proxy only what that proxy says counts, not what the client says before it', async t => {
  const { login, from } = await setUp(t, loopback)
  for (let made = 1; made <= most; made += 1) t.equal(await login(from(`203.0.113.${made}, 198.51.100.1`)), 401)
  t.equal(await login(from('203.0.113.9, 198.51.100.1')), 429)
  t.equal(await login(from('203.0.113.9,\t198.51.100.1')), 429, 'with a tab before it')
  t.equal(await login(from('198.51.100.1')), 429)
  t.equal(await login(from('203.0.113.1')), 401, 'whom he named has lost nothing')
})

t.test('the IPv6 addresses of one /64 share a bucket, those of another have their own', async t => {
  const { login, from } = await setUp(t, loopback)
  const statuses = []
  for (const address of ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2:aaaa::9']) {
    statuses.push(await login(from(address)))
  }
  t.same(statuses, [401, 401, 401])
  t.equal(await login(from('2001:db8:1:2:b::b')), 429)
  t.equal(await login(from('2001:db8:1:3::1')), 401)
})

t.test('an IPv4 address written as IPv6 is that IPv4 address, and not one of many in a /64', async t => {
  const { login, from } = await setUp(t, loopback)
  t.same(await times(most, () => login(from('198.51.100.1'))), [401, 401, 401])
  for (const same of ['::ffff:198.51.100.1', '::FFFF:c633:6401']) t.equal(await login(from(same)), 429)
  t.equal(await login(from('::ffff:198.51.100.2')), 401)
})

t.test('what is no address at all is limited like any other, and breaks nothing', async t => {
  const { api, server, from } = await setUp(t, { ...loopback, rateLimit: { max: 100 } })
  for (const claim of ['unknown', '', ',', ', ,', '_hidden', '999.1.1.1', "'; DROP TABLE accounts", 'x'.repeat(9000)]) {
    const reply = await post(`${api}/api/auth/register`, newPerson(), from(claim))
    t.equal(reply.status, 201, claim.slice(0, 30))
  }
  const sql = openSql(t, server.settings)
  const [row] = await sql<[{ longest: number }]>`SELECT max(length(address)) AS longest FROM audit_events`
  t.ok(row.longest <= 64, `the longest address on record has ${row.longest} characters`)
})
