import t from 'tap'
import { build, databases } from '../../../test/support/build.js'
import { mailboxOf } from '../../../test/support/mailbox.js'
import { newPerson } from '../../../test/support/people.js'
import { createClient, memoryStorage, type SessionEvent } from '../src/index.js'
import { clientOf, fakeServer, ok, refused, signedIn, tokens, user } from './support/fake-server.js'

for (const database of databases) {
  t.test(`an application does all that an account can with it, on ${database}`, async t => {
    const { api: baseUrl, settings } = await build(t, { database })
    const mailbox = mailboxOf(settings)
    const { email, password } = newPerson()
    const storage = memoryStorage()
    const events: SessionEvent[] = []
    const client = createClient({ baseUrl, storage, clientName: 'Ann’s phone' })
    client.onChange(event => events.push(event))
    t.teardown(client.dispose)

    await client.signUp({ email, password })
    t.equal(client.session?.user.email, email)
    t.ok(Number(client.session?.expiresAt) > Date.now())
    const { code } = await mailbox.next(email, 'verify-email')
    t.match(await client.request('POST', '/email-verification/confirm', { body: { email, code } }), { verified: true })

    const { sessions } = await client.request('GET', '/sessions', { query: { limit: '5' } })
    t.match(sessions, [{ device: 'Ann’s phone' }])
    const reply = await client.fetch(`${baseUrl}/api/account/me`)
    t.equal(reply.status, 200)

    t.match(await client.request('GET', '/me/export'), { profile: { email } }, 'also a reply without an envelope')
    const other = createClient({ baseUrl })
    t.teardown(other.dispose)
    const { challengeId } = await other.request('POST', '/sign-in/code', { body: { email } })
    const mailed = await mailbox.next(email, 'sign-in-code')
    await other.signInWithCode({ challengeId, code: mailed.code })
    const all = (await client.request('GET', '/sessions')).sessions
    const id = String(all.find(({ isCurrent }) => !isCurrent)?.id)
    await client.request('DELETE', '/sessions/{id}', { params: { id } })
    await t.rejects(other.refresh(), { code: 'INVALID_REFRESH_TOKEN', reason: 'revoked', status: 401 })
    t.equal(other.session, null)

    await client.request('POST', '/password-reset', { body: { email } })
    const reset = await mailbox.next(email, 'reset-password')
    const newPassword = 'marble lantern orchard'
    t.same(await client.resetPassword({ token: reset.token, newPassword }), { reset: true })
    await t.rejects(client.request('GET', '/me'), { code: 'INVALID_REFRESH_TOKEN', reason: 'revoked' })
    t.equal(client.session, null)

    await client.signIn({ email, password: newPassword })
    await client.refresh()
    await client.request('POST', '/password', { body: { currentPassword: newPassword, newPassword: password } })
    t.equal(client.session?.user.email, email)
    await t.rejects(client.signIn({ email, password: 'wrong' }), {
      code: 'INVALID_CREDENTIALS', reason: 'invalid_credentials', status: 401, retryable: false
    })

    const held = JSON.parse(await storage.get() ?? '')
    await client.refresh()
    await client.signOut()
    t.equal(client.session, null)
    const late = createClient({ baseUrl, storage: { ...memoryStorage(), get: () => JSON.stringify(held) } })
    t.teardown(late.dispose)
    await t.rejects(late.refresh(), { code: 'INVALID_REFRESH_TOKEN', reason: 'signed_out' }, 'the server knows, too')
    t.same(events.map(({ type, reason }) => reason ?? type), [
      'signed-in', 'revoked', 'signed-in', 'refreshed', 'refreshed', 'refreshed', 'signed_out'
    ])
  })
}

t.test('the access token goes to the origins that may have it', async t => {
  const fine = () => new Response('fine')
  const { client, server } = await signedIn(t, [fine, fine, fine, fine], { origins: ['https://api.example.com'] })
  for (const url of ['https://api.example.com/a', 'https://auth.example.com/a', 'https://api.example.com.evil.example']) {
    await client.fetch(url)
  }
  await client.fetch(new Request('https://api.example.com/b', { headers: { 'x-kind': 'request' } }))
  t.same(server.sent.slice(1).map(({ bearer }) => bearer), ['token-1', undefined, undefined, 'token-1'])
})

t.test('a sign-up that must be verified first has no session', async t => {
  const { client } = clientOf(t, fakeServer(() => ok({ verification: 'sent' }, 202)))
  t.same(await client.signUp({ email: user.email, password: 'x' }), { verification: 'sent' })
  t.equal(client.session, null)
})

t.test('a request whose access token is refused is refreshed and repeated once', async t => {
  const refusedToken = () => refused(401, 'INVALID_TOKEN', 'expired')
  const { client, server } = await signedIn(t, [refusedToken, () => ok(tokens(2)), () => ok({ user })])
  t.same(await client.request('GET', '/me'), { user })
  server.answers.push(refusedToken, () => ok(tokens(3)), refusedToken)
  await t.rejects(client.request('GET', '/me'), { code: 'INVALID_TOKEN' })
  server.answers.push(() => refused(401, 'INVALID_CREDENTIALS', 'invalid_credentials'))
  await t.rejects(client.request('POST', '/me/deletion', { body: { password: 'x' } }), { code: 'INVALID_CREDENTIALS' })
  t.equal(server.answers.length, 0)
})

t.test('signing out needs no server, and no session', async t => {
  const { client, errors } = await signedIn(t, [() => { throw new TypeError('fetch failed') }])
  await client.signOut()
  t.match(errors, [{ code: 'NETWORK' }])
  await client.signOut()
  t.equal(errors.length, 1)
})

t.test('a listener that throws is reported, and one that was removed is not called', async t => {
  const { client, errors, types } = await signedIn(t, [() => ok(tokens(2))])
  client.onChange(() => { throw new Error('of the application') })
  client.onChange(() => t.fail('removed'))()
  await client.refresh()
  t.match(errors, [{ message: 'of the application' }])
  t.same(types(), ['signed-in', 'refreshed'])
})

t.test('what is not to be reported is not thrown either', async t => {
  const storage = { ...memoryStorage(), get: () => { throw new Error('broken') } }
  const client = createClient({ baseUrl: 'https://auth.example.com', storage })
  await client.ready
  t.equal(client.session, null)
  client.dispose()
})

t.test('without options it uses the global fetch, for the origin of its server', async t => {
  const { api } = await build(t)
  const client = createClient({ baseUrl: `${api}/` })
  t.teardown(client.dispose)
  await t.rejects(client.signIn({ email: 'ann@example.com', password: 'wrong' }), { code: 'INVALID_CREDENTIALS' })
  t.equal((await client.fetch(`${api}/api/account/me`)).status, 401)
})

t.test('an address without an origin is that of the page, or else of the server', async t => {
  const fine = () => new Response('fine')
  const base = 'https://auth.example.com'
  const server = fakeServer(() => ok({ ...tokens(1), user }), fine)
  const fetch = (input: string | URL | Request, init?: RequestInit) =>
    server.fetch(input instanceof Request ? input : new URL(input, base), init)
  const { client } = clientOf(t, { ...server, fetch })
  await client.signIn({ email: user.email, password: 'x' })
  t.intercept(globalThis, 'location', { value: { href: `${base}/page` } })
  await client.fetch('/things')
  t.equal(server.sent.at(-1)?.bearer, 'token-1')
})
