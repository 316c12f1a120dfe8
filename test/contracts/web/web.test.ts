import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { loadConfig } from '../../../src/config/environment.js'
import { contractNames } from '../../../src/contracts/index.js'
import { asker, isReply, type Ask } from '../../support/ask.js'
import { dump, sqlBeside } from '../../support/beside.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { newPerson } from '../../support/people.js'
import { claimsOf, headerOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'

/* Seed 004, sentence by sentence, with the two corrections of the design: 409 and 400 where it tells of 500s. */

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
  return { server, ask: asker(server.web, 'web'), pass: (seconds: number) => { clock.ms += seconds * 1000 } }
}

/** Somebody who has registered, and the token of their login's cookie. */
async function loggedIn (t: Test, ask: Ask, cookie = attributes) {
  const { email, password } = newPerson()
  const { body: { user: { id } } } = await ask(t, 'POST /auth/register', { json: { email, password } })
  const reply = await ask(t, 'POST /auth/login', { json: { email, password } })
  t.equal(reply.status, 200)
  return { id: String(id), email, password, token: setsCookie(t, reply, 'token', cookie) }
}

for (const database of databases) {
  t.test(`seed 004 on ${database}`, async t => {
    const { server, ask, pass } = await setUp(t, { database })
    const sql = sqlBeside(t, server.config)

    await t.test('seed 004: register is 201 with id, email and createdAt, and signs nobody in', async t => {
      const { email, password } = newPerson()
      const reply = await ask(t, 'POST /auth/register', { json: { email, password } })
      const { id, createdAt } = reply.body.user
      isReply(t, reply, 201, { user: { id, email, createdAt } })
      t.match(id, uuid)
      t.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      t.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
      setsNoCookie(t, reply)
    })

    await t.test('seed 004, corrected: a taken email is 409, however it is written', async t => {
      const { email, password } = await loggedIn(t, ask)
      for (const taken of [email, ` ${email.toUpperCase()}\n`]) {
        const reply = await ask(t, 'POST /auth/register', { json: { email: taken, password } })
        isReply(t, reply, 409, { error: 'Email already registered' })
      }
    })

    await t.test('seed 004, corrected: a registration that is not valid is 400 and makes nothing', async t => {
      const { email, password } = newPerson()
      const before = await dump(sql, ['accounts'])
      for (const json of [
        {}, { email }, { password }, { email: 'user', password }, { email: '', password }, { email: null, password },
        { email, password: '1234567' }, { email, password: '😀'.repeat(7) }, { email, password: '' },
        { email, password: 12345678 }, { email, password: 'p'.repeat(1025) }, [], null, 'x', 7
      ]) {
        isReply(t, await ask(t, 'POST /auth/register', { json }), 400, invalidBody)
      }
      t.equal(await dump(sql, ['accounts']), before)
      t.equal((await ask(t, 'POST /auth/register', { json: { email, password: '12345678' } })).status, 201, '8 will do')
    })

    await t.test('seed 004: login is 200 with id and email, and sets the cookie', async t => {
      const { id, email, password } = await loggedIn(t, ask)
      const reply = await ask(t, 'POST /auth/login', { json: { email, password } })
      isReply(t, reply, 200, { user: { id, email } })
      const token = setsCookie(t, reply, 'token', attributes)
      isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}` }), 200, { user: { id, email } })
    })

    await t.test('seed 004: the email is trimmed and in lower case before it is looked up', async t => {
      const { id, email, password } = await loggedIn(t, ask)
      const reply = await ask(t, 'POST /auth/login', { json: { email: ` \t${email.toUpperCase()}\n`, password } })
      isReply(t, reply, 200, { user: { id, email } })
      const other = newPerson()
      const made = await ask(t, 'POST /auth/register', { json: { ...other, email: ` ${other.email.toUpperCase()}` } })
      t.equal(made.body.user.email, other.email)
      t.equal((await ask(t, 'POST /auth/login', { json: other })).status, 200)
    })

    await t.test('seed 004: a wrong password and an unknown email are one 401, without a cookie', async t => {
      const { email, password } = await loggedIn(t, ask)
      for (const json of [
        { email, password: `${password}x` }, { email, password: 'x' }, { email: newPerson().email, password }
      ]) {
        const reply = await ask(t, 'POST /auth/login', { json })
        isReply(t, reply, 401, { error: 'Invalid email or password' })
        setsNoCookie(t, reply)
      }
    })

    await t.test('seed 004: a login that is not valid is 400', async t => {
      const { email, password } = await loggedIn(t, ask)
      for (const json of [
        {}, { email }, { password }, { email: 'user', password }, { email, password: '' }, { email: [email], password },
        { email, password: null }, [], null
      ]) {
        isReply(t, await ask(t, 'POST /auth/login', { json }), 400, invalidBody)
      }
      for (const route of ['POST /auth/login', 'POST /auth/register']) isReply(t, await ask(t, route), 400, invalidBody)
    })

    await t.test('seed 004: JSON that is not valid is 400 with words of its own', async t => {
      for (const route of ['POST /auth/login', 'POST /auth/register', 'POST /auth/logout']) {
        for (const body of ['{', '{"email":', 'x', "{'email':1}", '{"email":1,}', '{}{}', '\u0000']) {
          isReply(t, await ask(t, route, { body }), 400, { error: 'Invalid JSON body' })
        }
      }
    })

    await t.test('seed 004: me is who is signed in, by cookie, and beyond the seed by bearer', async t => {
      const { id, email, token } = await loggedIn(t, ask)
      isReply(t, await ask(t, 'GET /auth/me', { cookie: `a=b; token=${token}; c=d` }), 200, { user: { id, email } })
      isReply(t, await ask(t, 'GET /auth/me', { bearer: token }), 200, { user: { id, email } })
      isReply(t, await ask(t, 'GET /auth/me', { cookie: 'token=x', bearer: token }), 200, { user: { id, email } })
      isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}`, bearer: 'x' }), 401, notAuthenticated)
    })

    await t.test('seed 004: a missing, invalid or expired token is 401', async t => {
      const { token } = await loggedIn(t, ask)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      for (const cookie of [
        '', 'token=', 'token=x', 'token=a.b.c', `token=${forged}`, `token=${token}x`, `Token=${token}`,
        `auth_token=${token}`
      ]) {
        isReply(t, await ask(t, 'GET /auth/me', { cookie }), 401, notAuthenticated)
      }
      isReply(t, await ask(t, 'GET /auth/me'), 401, notAuthenticated)
      pass(7 * day - 1)
      t.equal((await ask(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200, 'good to its last second')
      pass(1)
      isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
      pass(-7 * day)
    })

    await t.test('seed 004: the token\'s claims are sub and email, and it lives 7 days', async t => {
      const { id, email, token } = await loggedIn(t, ask)
      const { sub, email: claimed, iat, exp } = claimsOf(token)
      t.same({ sub, claimed }, { sub: id, claimed: email })
      t.equal(Number(exp) - Number(iat), 7 * day)
    })

    await t.test('beyond seed 004: logout is 204, ends the session and clears the cookie', async t => {
      for (const credential of ['cookie', 'bearer'] as const) {
        const { email, password, token } = await loggedIn(t, ask)
        const again = await ask(t, 'POST /auth/login', { json: { email, password } })
        const other = setsCookie(t, again, 'token', attributes)
        const value = credential === 'cookie' ? `token=${token}` : token
        const reply = await ask(t, 'POST /auth/logout', {
          [credential]: value, headers: { 'content-type': 'application/json' }
        })
        t.equal(reply.status, 204)
        t.equal(reply.text, '')
        t.equal(reply.headers.get('cache-control'), 'no-store')
        t.equal(setsCookie(t, reply, 'token', cleared), '')
        isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
        isReply(t, await ask(t, 'GET /auth/me', { bearer: token }), 401, notAuthenticated)
        t.equal((await ask(t, 'GET /auth/me', { bearer: other })).status, 200, 'another session goes on')
        t.equal((await ask(t, 'POST /auth/logout', { bearer: token })).status, 204, 'and again is no fault')
      }
    })

    await t.test('beyond seed 004: logout is 204 and clears the cookie also without a good token', async t => {
      for (const asked of [{}, { cookie: 'token=x' }, { bearer: 'a.b.c' }]) {
        const reply = await ask(t, 'POST /auth/logout', asked)
        t.equal(reply.status, 204)
        setsCookie(t, reply, 'token', cleared)
      }
    })

    await t.test('beyond seed 004: logout ends the session of a token that has expired meanwhile', async t => {
      const { id, token } = await loggedIn(t, ask)
      pass(8 * day)
      t.equal((await ask(t, 'POST /auth/logout', { cookie: `token=${token}` })).status, 204)
      pass(-8 * day)
      const [session] = await sql<Array<{ reason: string }>>`
        SELECT end_reason AS reason FROM sessions WHERE account_id = ${id}`
      t.equal(session?.reason, 'signed_out')
    })

    await t.test('seed 004: an error without a status of its own is 500 in its shape', async t => {
      const { token, email, password } = await loggedIn(t, ask)
      await sql`ALTER TABLE sessions RENAME TO gone`
      const internal = { error: 'Internal server error' }
      pass(2)
      isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}` }), 500, internal)
      isReply(t, await ask(t, 'POST /auth/login', { json: { email, password } }), 500, internal)
      await sql`ALTER TABLE gone RENAME TO sessions`
      t.equal((await ask(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200, 'and the session lives on')
    })
  })
}

t.test('seed 004: the cookie is Secure only where NODE_ENV is production', async t => {
  for (const [NODE_ENV, secure] of [['production', true], ['development', false], ['test', false]] as const) {
    const { COOKIE_SECURE } = loadConfig({ NODE_ENV }, contractNames)
    t.equal(COOKIE_SECURE, secure, NODE_ENV)
  }
  const { ask } = await setUp(t, { settings: { COOKIE_SECURE: true } })
  const { token } = await loggedIn(t, ask, [...attributes, 'Secure'])
  setsCookie(t, await ask(t, 'POST /auth/logout', { bearer: token }), 'token', [...cleared, 'Secure'])
})

t.test('seed 004: JWT_SECRET makes tokens HS256 that its holder can check, JWT_EXPIRES_IN is their life', async t => {
  const secret = 'ein Geheimnis von 32 Bytes: äöüß'
  const { ask, pass } = await setUp(t, { settings: { JWT_SECRET: secret, JWT_EXPIRES_IN: 3 * 3600 } })
  const { id, email, token } = await loggedIn(t, ask)
  t.match(headerOf(token), { alg: 'HS256', typ: 'JWT' })
  const at = token.lastIndexOf('.')
  t.equal(createHmac('sha256', Buffer.from(secret, 'utf8')).update(token.slice(0, at)).digest('base64url'),
    token.slice(at + 1), 'signed with the bytes of JWT_SECRET')
  const { sub, email: claimed, iat, exp } = claimsOf(token)
  t.same({ sub, claimed, lives: Number(exp) - Number(iat) }, { sub: id, claimed: email, lives: 3 * 3600 })
  t.equal((await ask(t, 'GET /auth/me', { cookie: `token=${token}` })).status, 200)
  pass(3 * 3600)
  isReply(t, await ask(t, 'GET /auth/me', { cookie: `token=${token}` }), 401, notAuthenticated)
})

t.test('seed 004: the default of JWT_EXPIRES_IN is 7d', t => {
  t.equal(loadConfig({}, contractNames).JWT_EXPIRES_IN, 7 * day)
  t.end()
})
