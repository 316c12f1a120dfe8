import t from 'tap'
import { KeyturnError, memoryStorage } from '../src/index.js'
import {
  clientOf, ended, fakeServer, lost, ok, quickClock, refused, signedIn, silent, tokens, user
} from './support/fake-server.js'

const api = 'https://auth.example.com/things'
const fine = () => new Response('fine')

t.test('a token is refreshed ahead of its end by the monotonic clock, whatever the wall clock says', async t => {
  const clock = quickClock(t)
  const { client, server, types } = await signedIn(t, [fine, () => ok(tokens(2)), fine], { now: () => 0 })
  await client.fetch(api)
  clock.advance(571)
  await client.fetch(api)
  t.same(server.sent.map(({ path, bearer }) => [path, bearer]), [
    ['/sign-in', undefined], ['/things', 'token-1'], ['/refresh', undefined], ['/things', 'token-2']
  ])
  t.same(server.sent[2]?.body, { refreshToken: 'refresh-1' })
  t.same(types(), ['signed-in', 'refreshed'])
})

t.test('while a token is good a failed refresh ahead is no failure, and the next request does not wait', async t => {
  const clock = quickClock(t)
  const { client, server } = await signedIn(t, [lost, fine, fine, () => ok(tokens(2)), fine])
  clock.advance(575)
  for (let n = 0; n < 2; n += 1) t.equal((await client.fetch(api)).status, 200)
  clock.advance(6)
  await client.fetch(api)
  t.same(server.paths(), ['/sign-in', '/refresh', '/things', '/things', '/refresh', '/things'])
  t.equal(server.sent.at(-1)?.bearer, 'token-2')
})

t.test('what is no final refusal is tried again, and leaves the session', async t => {
  quickClock(t)
  const portal = () => new Response('<html>', { headers: { 'content-type': 'text/html' } })
  const retried = [lost, portal, () => refused(503, 'UNAVAILABLE', 'overloaded'), () => Response.json(1)]
  const { client, server } = await signedIn(t, [...retried, () => ok(tokens(2))])
  t.match(await client.refresh(), { user })
  t.equal(server.sent.length, 6)

  for (const [answer, expected] of [
    [lost, { code: 'NETWORK', status: 0, retryable: true }],
    [portal, { code: 'UNREADABLE', status: 200, retryable: true }],
    [() => ok({}), { code: 'UNREADABLE', retryable: true }],
    [() => new Response('', { status: 502 }), { code: 'UNREADABLE', status: 502, retryable: true }],
    [() => refused(429, 'RATE_LIMITED', 'rate_limited'), { code: 'RATE_LIMITED', retryable: true }],
    [() => refused(401, 'INVALID_REFRESH_TOKEN', 'wrong_client'), {
      code: 'INVALID_REFRESH_TOKEN', reason: 'wrong_client', retryable: false
    }],
    [() => refused(403, 'FORBIDDEN', 'revoked'), { code: 'FORBIDDEN' }]
  ] as const) {
    server.answers.push(...Array.from({ length: 5 }, () => answer))
    await t.rejects(client.refresh(), expected)
    t.equal(server.answers.length, 0, 'five tries')
    t.not(client.session, null)
  }
})

t.test('Retry-After is waited for, unless that is too long', async t => {
  quickClock(t)
  const limited = (seconds: string) => () => refused(429, 'RATE_LIMITED', 'rate_limited', { 'retry-after': seconds })
  const { client, server } = await signedIn(t, [limited('0.05'), () => ok(tokens(2)), limited('40')])
  const began = Date.now()
  await client.refresh()
  t.ok(Date.now() - began >= 45)
  await t.rejects(client.refresh(), { code: 'RATE_LIMITED', retryAfter: 40 })
  t.equal(server.answers.length, 0)
})

for (const reason of ['signed_out', 'revoked', 'expired', 'reused', 'unknown', 'malformed']) {
  t.test(`a session ends when its refresh token is refused as ${reason}`, async t => {
    const { client, events, storage } = await signedIn(t, [() => ended(reason)])
    await t.rejects(client.refresh(), { code: 'INVALID_REFRESH_TOKEN', reason })
    t.equal(client.session, null)
    t.equal(await storage.get(), null)
    t.same(events.at(-1), { type: 'signed-out', reason })
    await t.rejects(client.refresh(), { code: 'SIGNED_OUT' })
  })
}

t.test('a final refusal ends nothing when the storage has a newer session than the one that was presented', async t => {
  const storage = memoryStorage()
  const { client } = await signedIn(t, [
    async () => {
      await storage.set(JSON.stringify({ ...tokens(2), storedAt: Date.now(), user }))
      return ended('reused')
    }
  ], { storage })
  await client.refresh()
  t.match(JSON.parse(await storage.get() ?? ''), { refreshToken: 'refresh-2' })
  t.not(client.session, null)
})

t.test('many calls share one refresh; one that is aborted leaves it to the others', async t => {
  const clock = quickClock(t)
  const { client, server } = await signedIn(t, [() => ok(tokens(2)), fine, fine, fine])
  clock.advance(601)
  const leaving = new AbortController()
  const aborted = client.fetch(api, { signal: leaving.signal })
  const others = [1, 2, 3].map(() => client.fetch(api))
  leaving.abort()
  await t.rejects(aborted, { name: 'AbortError' })
  await t.rejects(client.refresh({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  await Promise.all(others)
  t.same(server.paths(), ['/sign-in', '/refresh', '/things', '/things', '/things'])
})

t.test('a 401 is refreshed and repeated once, if the body can be sent again', async t => {
  const unauthorized = () => new Response('', { status: 401 })
  const { client, server } = await signedIn(t, [unauthorized, () => ok(tokens(2)), fine])
  t.equal(await (await client.fetch(api, { method: 'POST', body: 'x' })).text(), 'fine')
  t.same(server.sent.at(-1), { ...server.sent[1], bearer: 'token-2' })

  server.answers.push(unauthorized, () => ok(tokens(3)), unauthorized)
  t.equal((await client.fetch(new Request(api))).status, 401, 'not a second time')
  server.answers.push(unauthorized)
  const stream = new Blob(['x']).stream()
  t.equal((await client.fetch(api, { method: 'POST', body: stream, duplex: 'half' } as RequestInit)).status, 401)
  server.answers.push(unauthorized)
  t.equal((await client.fetch(new Request(api, { method: 'POST', body: 'x' }))).status, 401)
  server.answers.push(unauthorized, () => ended('revoked'))
  t.equal((await client.fetch(api)).status, 401, 'the reply of the server, if there is no other token')
  t.equal(client.session, null)
  server.answers.push(unauthorized)
  t.equal((await client.fetch(api)).status, 401)
  t.equal(server.sent.at(-1)?.bearer, undefined)
  t.equal(server.answers.length, 0)
})

t.test('a try ends after its time; dispose ends what is under way, and every later call', async t => {
  const { client } = await signedIn(t, [silent, silent], { timeoutSeconds: 0.02 })
  await t.rejects(client.request('GET', '/me'), { code: 'TIMEOUT', retryable: true })
  const waiting = client.refresh()
  client.dispose()
  await t.rejects(waiting, { code: 'DISPOSED' })
  await t.rejects(client.request('GET', '/me'), { code: 'DISPOSED' })

  quickClock(t)
  const other = await signedIn(t, [() => refused(503, 'UNAVAILABLE', 'overloaded', { 'retry-after': '20' })])
  const between = other.client.refresh()
  while (other.server.answers.length > 0) await new Promise(resolve => { setImmediate(resolve) })
  await new Promise(resolve => { setTimeout(resolve, 20) })
  other.client.dispose()
  await t.rejects(between, { code: 'DISPOSED' })
})

t.test('a caller who aborts a request gets the reason', async t => {
  const { client } = await signedIn(t, [silent])
  const leaving = new AbortController()
  const request = client.request('GET', '/me', { signal: leaving.signal })
  setTimeout(() => leaving.abort(new Error('gone')), 10)
  await t.rejects(request, { message: 'gone' })
  await t.rejects(client.request('GET', '/me', { signal: leaving.signal }), { message: 'gone' })
})

t.test('a short-lived token is used for half of its life', async t => {
  const clock = quickClock(t)
  const server = fakeServer(
    () => ok({ ...tokens(1, { expiresIn: 20 }), user }), fine, () => ok(tokens(2, { expiresIn: 20 })), fine)
  const { client } = clientOf(t, server)
  await client.signIn({ email: user.email, password: 'x' })
  await client.fetch(api)
  clock.advance(11)
  await client.fetch(api)
  t.same(server.paths(), ['/sign-in', '/things', '/refresh', '/things'])
  t.ok(new KeyturnError({ code: 'X', reason: 'x', message: 'x', retryable: false }) instanceof Error)
})
