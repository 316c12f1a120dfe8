import t, { type Test } from 'tap'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { openSql } from '../../support/open-sql.js'
import { setSubscription } from '../../support/accounts.js'
import { secondCore, operator } from '../../support/second-core.js'
import { post, type Reply } from '../../support/http.js'
import { expectKeys } from '../../support/expect-keys.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { loggedIn, newPerson, registered, signedUp } from '../../support/people.js'

/* The specification of contract `partner`, example by example. Refusals are in refusals.test.ts. */

const hour = 3600
const day = 24 * hour
const userId = /^user_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** `rt_` and 85 bytes. */
const refreshToken = /^rt_[A-Za-z0-9_-]{114}$/

/** A server whose time stands still until it is told to pass. */
async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    api: server.api,
    pass: (seconds: number) => { clock.ms += seconds * 1000 },
    seconds: () => clock.ms / 1000,
    call: (route: string, body: object) => post(`${server.api}/api/auth/${route}`, body)
  }
}

/** What every reply is held against: its type, no caching of tokens, and the committed document. */
function isGood (t: Test, route: string, reply: Reply, cacheControl = 'no-store'): void {
  t.equal(reply.status, 200)
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(reply.headers.get('cache-control'), cacheControl)
  expectKeys(t, reply.body, 'success', 'data')
  t.equal(reply.body.success, true)
  matchesOpenapi(t, 'partner', `POST /api/auth/${route}`, reply)
}

function claimsOf (token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

function headerOf (token: string) {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>
}

for (const database of databases) {
  t.test(`contract partner on ${database}`, async t => {
    const { server, api, call, pass, seconds } = await setUp(t, { database })
    const { accounts } = await secondCore(t, server.settings)
    const sql = openSql(t, server.settings)

    /** The user of the specification's examples: John Doe with an active premium plan. */
    async function johnDoe () {
      const person = newPerson()
      await accounts.register({ ...person, name: 'John Doe', minPasswordLength: 8 }, operator)
      const expiresAt = new Date('2025-12-31T23:59:59Z')
      await setSubscription({ accounts }, person.email, { status: 'active', plan: 'premium', expiresAt })
      return person
    }

    await t.test('login: a password is traded for an access token, a refresh token and the user', async t => {
      const { email, password } = await johnDoe()
      const reply = await call('login', { email, password })
      isGood(t, 'login', reply)
      const { data } = reply.body
      expectKeys(t, data, 'token', 'refreshToken', 'expiresIn', 'refreshExpiresIn', 'user')
      t.match(data.token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
      t.match(data.refreshToken, refreshToken)
      t.equal(data.expiresIn, 3600)
      t.equal(data.refreshExpiresIn, 30 * day)
      expectKeys(t, data.user, 'id', 'email', 'name', 'subscription')
      t.match(data.user.id, userId)
      t.equal(data.user.email, email)
      t.equal(data.user.name, 'John Doe')
      t.equal(JSON.stringify(data.user.subscription),
        '{"status":"active","plan":"premium","expiresAt":"2025-12-31T23:59:59Z"}')
    })

    await t.test('login: the access token is a JWT of one hour for this issuer, audience and account', async t => {
      const person = await registered(api)
      const { body: { data: { token, user } } } = await call('login', person)
      expectKeys(t, headerOf(token), 'alg', 'typ', 'kid')
      t.match(headerOf(token), { alg: 'ES256', typ: 'JWT', kid: /^[\w-]{43}$/ })
      const claims = claimsOf(token)
      t.same(Object.keys(claims).sort(),
        ['aud', 'contract', 'email', 'exp', 'gen', 'iat', 'iss', 'jti', 'sid', 'sub'])
      t.equal(`user_${claims.sub}`, user.id)
      t.equal(claims.iss, 'http://localhost:3000')
      t.equal(claims.aud, 'http://localhost:3000')
      t.equal(claims.email, person.email)
      t.equal(claims.contract, 'partner')
      t.equal(claims.iat, seconds())
      t.equal(claims.exp, seconds() + hour)
    })

    await t.test('login: the email is trimmed and its case does not matter; the password counts as it is', async t => {
      const { email, password } = await registered(api)
      const reply = await call('login', { email: ` \t${email.toUpperCase()}\n`, password })
      isGood(t, 'login', reply)
      t.equal(reply.body.data.user.email, email)
      for (const other of [password.toUpperCase(), `${password} `, ` ${password}`, password.slice(0, -1)]) {
        t.equal((await call('login', { email, password: other })).status, 401, JSON.stringify(other))
      }
    })

    await t.test('login: an account made with capitals and spaces is the same account', async t => {
      const person = newPerson()
      await registered(api, { ...person, email: `  ${person.email.toUpperCase()} ` })
      t.equal((await call('login', person)).body.data.user.email, person.email)
    })

    await t.test('login: every sign-in is a session of its own', async t => {
      const person = await registered(api)
      const [first, second] = [await loggedIn(api, person), await loggedIn(api, person)]
      t.not(first.token, second.token)
      t.not(first.refreshToken, second.refreshToken)
      t.equal((await call('revoke-token', { token: first.token })).status, 200)
      t.equal((await call('validate-token', { token: second.token })).status, 200)
      t.equal((await call('refresh-token', second)).status, 200)
    })

    await t.test('validate-token: a good token is answered with valid and the user of the login', async t => {
      const { email, password } = await johnDoe()
      const { token, user } = (await call('login', { email, password })).body.data
      const reply = await call('validate-token', { token })
      isGood(t, 'validate-token', reply, 'private, max-age=300')
      t.equal(reply.text, JSON.stringify({ success: true, data: { valid: true, user } }))
    })

    await t.test('validate-token: the answer may be kept five minutes, never past the end of the token', async t => {
      const { token } = await signedUp(api)
      const maxAge = async () => {
        const { status, headers } = await call('validate-token', { token })
        t.equal(status, 200)
        return headers.get('cache-control')
      }
      t.equal(await maxAge(), 'private, max-age=300')
      pass(hour - 300)
      t.equal(await maxAge(), 'private, max-age=300')
      pass(200)
      t.equal(await maxAge(), 'private, max-age=100')
      pass(99)
      t.equal(await maxAge(), 'private, max-age=1')
      pass(0.9)
      t.equal(await maxAge(), 'private, max-age=0', 'a tenth of a second is left, and no whole one')
      pass(0.1)
      t.equal((await call('validate-token', { token })).status, 401)
    })

    await t.test('validate-token: a change of the user is seen within a second, without a new token', async t => {
      const person = await registered(api)
      const { token } = await loggedIn(api, person)
      await call('validate-token', { token })
      await setSubscription({ accounts }, person.email, { status: 'past_due', plan: 'team', expiresAt: null })
      pass(1)
      const { body } = await call('validate-token', { token })
      t.same(body.data.user.subscription, { status: 'past_due', plan: 'team', expiresAt: null })
    })

    await t.test('refresh-token: a refresh token is traded for the next one and a new access token', async t => {
      const first = await signedUp(api)
      const reply = await call('refresh-token', { refreshToken: first.refreshToken })
      isGood(t, 'refresh-token', reply)
      const { data } = reply.body
      expectKeys(t, data, 'token', 'refreshToken', 'expiresIn', 'refreshExpiresIn')
      t.match(data.refreshToken, refreshToken)
      t.not(data.refreshToken, first.refreshToken)
      t.not(data.token, first.token)
      t.equal(data.expiresIn, 3600)
      t.equal(data.refreshExpiresIn, 30 * day)
      t.equal(claimsOf(data.token).sub, claimsOf(first.token).sub)
      t.equal(claimsOf(data.token).sid, claimsOf(first.token).sid)
      for (const token of [first.token, data.token]) {
        t.equal((await call('validate-token', { token })).status, 200, 'the old one is not cut off in flight')
      }
      t.equal((await call('refresh-token', data)).status, 200, 'and the next one is traded in turn')
    })

    await t.test('refresh-token: the previous token gets the same successor again when the reply was lost', async t => {
      const { refreshToken } = await signedUp(api)
      const replies = await Promise.all(Array.from({ length: 5 }, () => call('refresh-token', { refreshToken })))
      for (const reply of replies) isGood(t, 'refresh-token', reply)
      t.equal(new Set(replies.map(({ body }) => body.data.refreshToken)).size, 1)
    })

    await t.test('tokens expire after 1 hour, and an expired one is refreshed', async t => {
      const { token, refreshToken } = await signedUp(api)
      pass(hour - 1)
      t.equal((await call('validate-token', { token })).status, 200)
      pass(1)
      t.equal((await call('validate-token', { token })).body.error.reason, 'expired')
      const next = (await call('refresh-token', { refreshToken })).body.data
      t.equal((await call('validate-token', { token: next.token })).status, 200)
    })

    await t.test('refresh tokens expire 30 days after the last refresh', async t => {
      const { token, refreshToken } = await signedUp(api)
      const sid = String(claimsOf(token).sid)
      const remaining = async () => {
        const [row] = await sql<[{ seconds: number }]>`
          SELECT extract(epoch FROM expires_at - now())::float8 AS seconds FROM sessions WHERE id = ${sid}`
        return row.seconds
      }
      t.ok(Math.abs(await remaining() - 30 * day) < 60)
      await sql`UPDATE sessions SET expires_at = now() + interval '1 day' WHERE id = ${sid}`
      const { data } = (await call('refresh-token', { refreshToken })).body
      t.equal(data.refreshExpiresIn, 30 * day)
      t.ok(Math.abs(await remaining() - 30 * day) < 60)
    })

    await t.test('user: without a subscription it says so, with plan free', async t => {
      const person = await registered(api)
      const { user } = (await call('login', person)).body.data
      t.equal(JSON.stringify(user.subscription), '{"status":"none","plan":"free","expiresAt":null}')
    })

    await t.test('user: a subscription is shown as it was set, its end in whole seconds', async t => {
      const person = await registered(api)
      for (const [expiresAt, shown] of [
        [new Date('2001-02-03T04:05:06.999Z'), '2001-02-03T04:05:06Z'],
        [new Date('2999-12-31T23:59:59Z'), '2999-12-31T23:59:59Z'],
        [null, null]
      ] as const) {
        await setSubscription({ accounts }, person.email, { status: 'canceled', plan: 'gold', expiresAt })
        const { user } = (await call('login', person)).body.data
        t.same(user.subscription, { status: 'canceled', plan: 'gold', expiresAt: shown })
      }
      await setSubscription({ accounts }, person.email, null)
      t.equal((await call('login', person)).body.data.user.subscription.status, 'none')
    })

    await t.test('user: the name is the name, else the username, else what stands before the @', async t => {
      const { username, ...rest } = newPerson()
      const named = { username: 'name-one', name: 'Ada Lovelace', shown: 'Ada Lovelace' }
      const withUsername = { username: 'name-two', shown: 'name-two' }
      const bare = { shown: rest.email.split('@')[0] }
      for (const [index, { shown, ...account }] of [named, withUsername, bare].entries()) {
        const email = index < 2 ? `${index}.${rest.email}` : rest.email
        await accounts.register({ ...rest, ...account, email, minPasswordLength: 8 }, operator)
        const { token, user } = (await call('login', { ...rest, email })).body.data
        t.equal(user.name, shown)
        t.equal((await call('validate-token', { token })).body.data.user.name, shown)
      }
    })
  })
}

t.test('a remembered answer is the first one, byte for byte, and may be kept as long', async t => {
  const { api } = await setUp(t, {})
  const body = JSON.stringify({ token: (await signedUp(api)).token })
  const request = async () => {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(`${api}/api/auth/validate-token`, { method: 'POST', headers, body })
    return [
      reply.status, await reply.text(),
      ...['content-type', 'content-length', 'cache-control'].map(name => reply.headers.get(name))
    ]
  }
  const first = await request()
  t.equal(first[0], 200)
  t.same([await request(), await request()], [first, first])
})

t.test('the lifetime of validate-token answers is never longer than VALIDATION_CACHE_TTL', async t => {
  for (const [ttl, maxAge] of [[60, 60], [0, 0], [7200, 300]] as const) {
    const { api, call } = await setUp(t, { settings: { validation: { cacheTtl: ttl } } })
    const { token } = await signedUp(api)
    t.equal((await call('validate-token', { token })).headers.get('cache-control'), `private, max-age=${maxAge}`)
  }
})

t.test('lifetimes follow ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL and SESSION_MAX_AGE', async t => {
  const { api, call } = await setUp(t, {
    settings: { lifetimes: { accessToken: 60, refreshToken: 7200, session: 30 } }
  })
  const { data } = (await call('login', await registered(api))).body
  t.equal(data.refreshExpiresIn, 30, 'no session outlives its longest age')
  t.equal(data.expiresIn, 30, 'and no access token outlives its session')
  t.equal(Number(claimsOf(data.token).exp) - Number(claimsOf(data.token).iat), data.expiresIn)
})
