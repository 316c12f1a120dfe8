import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { loadSettings } from '../../../src/config/settings.js'
import { contractNames } from '../../../src/contracts/index.js'
import { createRequester, expectReply, type Requester } from '../../support/requester.js'
import { dump, openSql } from '../../support/open-sql.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { newPerson } from '../../support/people.js'
import { claimsOf, headerOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'

/* The specification of contract `web`, with two corrections: 409 and 400 where it documents 500. */

const day = 24 * 3600
/** httpOnly, sameSite lax, path /, no maxAge, not secure outside production. */
const attributes = ['HttpOnly', 'SameSite=Lax', 'Path=/']
const cleared = [...attributes, 'Max-Age=0']
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const notAuthenticated = { error: 'Not authenticated' }
const invalidBody = { error: 'Invalid request body' }

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    request: createRequester(server.web, 'web'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 }
  }
}

/** Somebody who has registered, and the token of their login's cookie. */
async function loggedIn (t: Test, request: Requester, cookie = attributes) {
  const { email, password } = newPerson()
  const { body: { user: { id } } } = await request(t, 'POST /auth/register', { json: { email, password } })
  const reply = await request(t, 'POST /auth/login', { json: { email, password } })
  t.equal(reply.status, 200)
  return { id: String(id), email, password, token: setsCookie(t, reply, 'token', cookie) }
}

for (const database of databases) {
  t.test(`contract web on ${database}`, async t => {
    const { server, request, pass } = await setUp(t, { database })
    const sql = openSql(t, server.settings)

    await t.test('register is 201 with id, email and createdAt, and starts no session', async t => {
      const { email, password } = newPerson()
      const reply = await request(t, 'POST /auth/register', { json: { email, password } })
      const { id, createdAt } = reply.body.user
      expectReply(t, reply, 201, { user: { id, email, createdAt } })
      t.match(id, uuid)
      t.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      t.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
      setsNoCookie(t, reply)
    })

    await t.test('a taken email is 409, however it is written', async t => {
      const { email, password } = await loggedIn(t, request)
      for (const taken of [email, ` ${email.toUpperCase()}\n`]) {
        const reply = await request(t, 'POST /auth/register', { json: { email: taken, password } })
        expectReply(t, reply, 409, { error: 'Email already registered' })
      }
    })

    await t.test('a registration that is not valid is 400 and makes nothing', async t => {
      const { email, password } = newPerson()
      const before = await dump(sql, ['accounts'])
      for (const json of [
        {}, { email }, { password }, { email: 'user', password }, { email: '', password }, { email: null, password },
        { email, password: '1234567' }, { email, password: '😀'.repeat(7) }, { email, password: '' },
        { email, password: 12345678 }, { email, password: 'p'.repeat(1025) }, [], null, 'x', 7
      ]) {
        expectReply(t, await request(t, 'POST /auth/register', { json }), 400, invalidBody)
      }
      t.equal(await dump(sql, ['accounts']), before)
      const eight = await request(t, 'POST /auth/register', { json: { email, password: '12345678' } })
      t.equal(eight.status, 201, '8 characters are enough')
    })

    await t.test('login is 200 with id and email, and sets the cookie', async t => {
      const { id, email, password } = await loggedIn(t, request)
      const reply = await request(t, 'POST /auth/login', { json: { email, password } })
      expectReply(t, reply, 200, { user: { id, email } })
      const token = setsCookie(t, reply, 'token', attributes)
      expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}` }), 200, { user: { id, email } })
    })

    await t.test('the email is trimmed and in lower case before it is looked up', async t => {
      const { id, email, password } = await loggedIn(t, request)
      const reply = await request(t, 'POST /auth/login', { json: { email: ` \t${email.toUpperCase()}\n`, password } })
      expectReply(t, reply, 200, { user: { id, email } })
      const other = newPerson()
      const made = await request(t, 'POST /auth/register', {
        json: { ...other, email: ` ${other.email.toUpperCase()}` }
      })
      t.equal(made.body.user.email, other.email)
      t.equal((await request(t, 'POST /auth/login', { json: other })).status, 200)
    })

    await t.test('a wrong password and an unknown email are one 401, without a cookie', async t => {
      const { email, password } = await loggedIn(t, request)
      for (const json of [
        { email, password: `${password}x` }, { email, password: 'x' }, { email: newPerson().email, password }
      ]) {
        const reply = await request(t, 'POST /auth/login', { json })
        expectReply(t, reply, 401, { error: 'Invalid email or password' })
        setsNoCookie(t, reply)
      }
    })

    await t.test('a login that is not valid is 400', async t => {
      const { email, password } = await loggedIn(t, request)
      for (const json of [
        {}, { email }, { password }, { email: 'user', password }, { email, password: '' }, { email: [email], password },
        { email, password: null }, [], null
      ]) {
        expectReply(t, await request(t, 'POST /auth/login', { json }), 400, invalidBody)
      }
      for (const route of ['POST /auth/login', 'POST /auth/register']) {
        expectReply(t, await request(t, route), 400, invalidBody)
      }
    })

    await t.test('JSON that is not valid is 400 with words of its own', async t => {
      for (const route of ['POST /auth/login', 'POST /auth/register', 'POST /auth/logout']) {
        for (const body of ['{', '{"email":', 'x', "{'email':1}", '{"email":1,}', '{}{}', '\u0000']) {
          expectReply(t, await request(t, route, { body }), 400, { error: 'Invalid JSON body' })
        }
      }
    })

    await t.test('me is the signed-in user, by cookie or by bearer token', async t => {
      const { id, email, token } = await loggedIn(t, request)
      const user = { id, email }
      expectReply(t, await request(t, 'GET /auth/me', { cookie: `a=b; token=${token}; c=d` }), 200, { user })
      expectReply(t, await request(t, 'GET /auth/me', { bearer: token }), 200, { user: { id, email } })
      expectReply(t, await request(t, 'GET /auth/me', { cookie: 'token=x', bearer: token }), 200, { user })
      expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}`, bearer: 'x' }), 401, notAuthenticated)
    })

    await t.test('a missing, invalid or expired token is 401', async t => {
      const { token } = await loggedIn(t, request)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      for (const cookie of [
        '', 'token=', 'token=x', 'token=a.b.c', `token=${forged}`, `token=${token}x`, `Token=${token}`,
        `auth_token=${token}`
      ]) {
        expectReply(t, await request(t, 'GET /auth/me', { cookie }), 401, notAuthenticated)
      }
      expectReply(t, await request(t, 'GET /auth/me'), 401, notAuthenticated)
      pass(7 * day - 1)
      t.equal((await request(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200, 'good to its last second')
      pass(1)
      expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
      pass(-7 * day)
    })

    await t.test('the token\'s claims are sub and email, and it is valid for 7 days', async t => {
      const { id, email, token } = await loggedIn(t, request)
      const { sub, email: claimed, iat, exp } = claimsOf(token)
      t.same({ sub, claimed }, { sub: id, claimed: email })
      t.equal(Number(exp) - Number(iat), 7 * day)
    })

    await t.test('logout is 204, ends the session and clears the cookie', async t => {
      for (const credential of ['cookie', 'bearer'] as const) {
        const { email, password, token } = await loggedIn(t, request)
        const again = await request(t, 'POST /auth/login', { json: { email, password } })
        const other = setsCookie(t, again, 'token', attributes)
        const value = credential === 'cookie' ? `token=${token}` : token
        const reply = await request(t, 'POST /auth/logout', {
          [credential]: value, headers: { 'content-type': 'application/json' }
        })
        t.equal(reply.status, 204)
        t.equal(reply.text, '')
        t.equal(reply.headers.get('cache-control'), 'no-store')
        t.equal(setsCookie(t, reply, 'token', cleared), '')
        expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
        expectReply(t, await request(t, 'GET /auth/me', { bearer: token }), 401, notAuthenticated)
        t.equal((await request(t, 'GET /auth/me', { bearer: other })).status, 200, 'another session goes on')
        t.equal((await request(t, 'POST /auth/logout', { bearer: token })).status, 204, 'and again is no fault')
      }
    })

    await t.test('logout is 204 and clears the cookie also without a good token', async t => {
      for (const credentials of [{}, { cookie: 'token=x' }, { bearer: 'a.b.c' }]) {
        const reply = await request(t, 'POST /auth/logout', credentials)
        t.equal(reply.status, 204)
        setsCookie(t, reply, 'token', cleared)
      }
    })

    await t.test('logout ends the session of a token that has expired meanwhile', async t => {
      const { id, token } = await loggedIn(t, request)
      pass(8 * day)
      t.equal((await request(t, 'POST /auth/logout', { cookie: `token=${token}` })).status, 204)
      pass(-8 * day)
      const [session] = await sql<Array<{ reason: string }>>`
        SELECT end_reason AS reason FROM sessions WHERE account_id = ${id}`
      t.equal(session?.reason, 'signed_out')
    })

    await t.test('an error without a status of its own is 500 in its shape', async t => {
      const { token, email, password } = await loggedIn(t, request)
      await sql`ALTER TABLE sessions RENAME TO gone`
      const internal = { error: 'Internal server error' }
      pass(2)
      expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}` }), 500, internal)
      expectReply(t, await request(t, 'POST /auth/login', { json: { email, password } }), 500, internal)
      await sql`ALTER TABLE gone RENAME TO sessions`
      t.equal((await request(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200, 'and the session lives on')
    })
  })
}

t.test('the cookie is Secure only where NODE_ENV is production', async t => {
  for (const [NODE_ENV, secure] of [['production', true], ['development', false], ['test', false]] as const) {
    t.equal(loadSettings({ NODE_ENV }, contractNames).secureCookies, secure, NODE_ENV)
  }
  const { request } = await setUp(t, { settings: { secureCookies: true } })
  const { token } = await loggedIn(t, request, [...attributes, 'Secure'])
  setsCookie(t, await request(t, 'POST /auth/logout', { bearer: token }), 'token', [...cleared, 'Secure'])
})

t.test('JWT_SECRET makes tokens HS256 that its holder can check, JWT_EXPIRES_IN is their life', async t => {
  const secret = 'ein Geheimnis von 32 Bytes: äöüß'
  const { request, pass } = await setUp(t, {
    settings: { keys: { sharedSecret: secret }, lifetimes: { longAccessToken: 3 * 3600 } }
  })
  const { id, email, token } = await loggedIn(t, request)
  t.match(headerOf(token), { alg: 'HS256', typ: 'JWT' })
  const at = token.lastIndexOf('.')
  t.equal(createHmac('sha256', Buffer.from(secret, 'utf8')).update(token.slice(0, at)).digest('base64url'),
    token.slice(at + 1), 'signed with the bytes of JWT_SECRET')
  const { sub, email: claimed, iat, exp } = claimsOf(token)
  t.same({ sub, claimed, lives: Number(exp) - Number(iat) }, { sub: id, claimed: email, lives: 3 * 3600 })
  t.equal((await request(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200)
  pass(3 * 3600)
  expectReply(t, await request(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
})

t.test('the default of JWT_EXPIRES_IN is 7d', t => {
  t.equal(loadSettings({}, contractNames).lifetimes.longAccessToken, 7 * day)
  t.end()
})
