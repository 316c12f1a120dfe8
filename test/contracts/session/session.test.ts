import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createRequester, expectReply } from '../../support/requester.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { newPerson, registered } from '../../support/people.js'
import { claimsOf, headerOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'
import { sessionCookie, sessionPerson } from '../../support/session-person.js'

/*
 * The specification of contract `session`, stories 1 and 2: sign-in, the use of its token, and its failures. Story 3
 * is in session-refresh.test.ts, listing and ending sessions in session-management.test.ts.
 */

const signIn = 'POST /api/auth/sign-in/email'
const signUp = 'POST /api/auth/sign-up/email'
const current = 'GET /api/auth/get-session'
const list = 'GET /api/auth/list-sessions'
const signOut = 'POST /api/auth/sign-out'

const cleared = sessionCookie(0)
const unauthorized = { code: 'UNAUTHORIZED', message: 'Unauthorized' }
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const docs = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    request: createRequester(server.api, 'session'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 }
  }
}

for (const database of databases) {
  t.test(`sign-in and session on ${database}`, async t => {
    const { server, request, pass } = await setUp(t, { database })

    await t.test('login returns a session token, and the same as a cookie', async t => {
      const person = await registered(server.api)
      const reply = await request(t, signIn, { json: person })
      const { token, user } = reply.body
      expectReply(t, reply, 200, {
        redirect: false,
        token,
        user: {
          id: user.id,
          name: person.username,
          email: person.email,
          emailVerified: false,
          image: null,
          createdAt: user.createdAt,
          updatedAt: user.createdAt
        }
      })
      t.match(user.id, uuid)
      t.match(user.createdAt, instant)
      t.equal(setsCookie(t, reply, 'session', sessionCookie()), token)
    })

    await t.test('so does a sign-up, with the name as it was given', async t => {
      const { email, password } = newPerson()
      const reply = await request(t, signUp, { json: { name: 'John Doe', email: ` ${email.toUpperCase()}`, password } })
      const { token, user } = reply.body
      t.equal(reply.status, 200)
      t.same(Object.keys(reply.body), ['token', 'user'])
      t.match(user, { name: 'John Doe', email, emailVerified: false, image: null })
      t.equal(setsCookie(t, reply, 'session', sessionCookie()), token)
    })

    await t.test('the token can be used in subsequent requests, as a cookie too', async t => {
      const { token, userId, email } = await sessionPerson(t, request)
      const cookie = `session=${token}`
      for (const credential of [{ bearer: token }, { cookie }, { cookie: `a=b; ${cookie}; c=d` }]) {
        const reply = await request(t, current, credential)
        t.equal(reply.status, 200)
        t.same(Object.keys(reply.body), ['session', 'user'])
        t.match(reply.body, { session: { userId }, user: { id: userId, email } })
        t.equal((await request(t, list, credential)).status, 200)
      }
      setsNoCookie(t, await request(t, current, { cookie }))
    })

    await t.test('it shows when its session began and ends, where and with what', async t => {
      const person = await registered(server.api)
      const { body: { token } } = await request(t, signIn, { json: person, headers: { 'user-agent': 'curl/8' } })
      const { body: { session } } = await request(t, current, { bearer: token })
      t.same(Object.keys(session),
        ['id', 'token', 'userId', 'expiresAt', 'createdAt', 'updatedAt', 'ipAddress', 'userAgent'])
      t.match(session.id, uuid)
      t.equal(session.token, session.id, 'no credential')
      t.equal(session.id, claimsOf(token).sid)
      t.equal(session.ipAddress, '127.0.0.1')
      t.equal(session.userAgent, 'curl/8')
      for (const time of [session.expiresAt, session.createdAt, session.updatedAt]) t.match(time, instant)
      const lives = Date.parse(session.expiresAt) - Date.parse(session.createdAt)
      t.ok(Math.abs(lives - 3600_000) < 1000, 'an hour')
    })

    await t.test('it can be used for an hour, and not once it has ended', async t => {
      const { token } = await sessionPerson(t, request)
      pass(3599)
      t.equal((await request(t, list, { bearer: token })).status, 200)
      pass(1)
      expectReply(t, await request(t, list, { bearer: token }), 401, unauthorized)
      expectReply(t, await request(t, current, { bearer: token }), 200, null)
      pass(-3600)
    })

    await t.test('the token format is documented', async t => {
      const { token } = await sessionPerson(t, request)
      const named = [...docs('tokens.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
      for (const member of Object.keys(headerOf(token))) t.ok(named.includes(member), `header ${member}`)
      for (const claim of Object.keys(claimsOf(token))) t.ok(named.includes(claim), `claim ${claim}`)
      for (const words of ['HttpOnly', 'SameSite=Lax', 'SameSite=Strict', '`session`', '`auth_token`', '`token`']) {
        t.ok(docs('tokens.md').includes(words), `docs/tokens.md tells of the cookies: ${words}`)
      }
    })

    await t.test('without a session the reply is null, not a refusal, whatever was sent', async t => {
      const { token } = await sessionPerson(t, request)
      await request(t, signOut, { bearer: token })
      for (const credentials of [
        {}, { bearer: token }, { bearer: 'x' }, { cookie: 'session=' }, { cookie: 'session=a.b.c' }
      ]) {
        expectReply(t, await request(t, current, credentials), 200, null)
      }
    })

    await t.test('sign-out ends the session, clears the cookie, and succeeds without one', async t => {
      const { token } = await sessionPerson(t, request)
      for (const credentials of [
        { cookie: `session=${token}` }, { cookie: `session=${token}` }, { bearer: token, json: {} }, {}, { bearer: 'x' }
      ]) {
        const reply = await request(t, signOut, credentials)
        expectReply(t, reply, 200, { success: true })
        t.equal(setsCookie(t, reply, 'session', cleared), '')
        expectReply(t, await request(t, list, { bearer: token }), 401, unauthorized)
      }
    })

    await t.test('all members Better Auth\'s client may send are taken, none of them is stored', async t => {
      const { username: name, email, password } = newPerson()
      const json = { name, email, password, image: 'x', callbackURL: '/x', rememberMe: false, role: 'admin' }
      t.match((await request(t, signUp, { json })).body.user, { name, image: null, emailVerified: false })
      t.equal((await request(t, signIn, { json })).body.redirect, false)
    })

    await t.test('401 is returned for invalid credentials', async t => {
      const { email, password } = await sessionPerson(t, request)
      for (const json of [
        { email, password: `${password}x` }, { email, password: '' }, { email: newPerson().email, password }
      ]) {
        const reply = await request(t, signIn, { json })
        expectReply(t, reply, 401, { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' })
        setsNoCookie(t, reply)
      }
    })

    await t.test('errors have a descriptive message, a documented code', async t => {
      const { email, password } = await sessionPerson(t, request)
      const [name, other] = ['Jan', newPerson().email]
      const fields = '[body.password] is required'
      const table: Array<[route: string, json: unknown, status: number, code: string, message: string | RegExp]> = [
        [signUp, { name, email, password }, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
          'User already exists. Use another email.'],
        [signUp, { name, email: 'x', password }, 400, 'INVALID_EMAIL', 'Invalid email'],
        [signUp, { name, email: other, password: '1234567' }, 400, 'PASSWORD_TOO_SHORT', 'Password too short'],
        [signUp, { name, email: other, password: 'p'.repeat(1025) }, 400, 'PASSWORD_TOO_LONG', /^Password too long/],
        [signUp, { name, email: other }, 400, 'VALIDATION_ERROR', fields],
        [signUp, { email: other, password }, 400, 'VALIDATION_ERROR', '[body.name] is required'],
        [signUp, { name: 7, email: other, password }, 400, 'VALIDATION_ERROR', '[body.name] must be string'],
        [signIn, { email: 'x', password }, 400, 'INVALID_EMAIL', 'Invalid email'],
        [signIn, { email }, 400, 'VALIDATION_ERROR', fields],
        [signIn, [], 400, 'VALIDATION_ERROR', '[body] must be object']
      ]
      for (const [route, json, status, code, message] of table) {
        const reply = await request(t, route, { json })
        t.equal(reply.status, status, code)
        t.same(Object.keys(reply.body), ['code', 'message'])
        t.equal(reply.body.code, code)
        if (typeof message === 'string') t.equal(reply.body.message, message)
        else t.match(reply.body.message, message)
        setsNoCookie(t, reply)
        t.ok(docs('errors.md').includes(`\`${code}\``), `docs/errors.md tells of ${code}`)
      }
    })

    await t.test('no token, and whatever is none, is 401 where one is needed', async t => {
      const { token } = await sessionPerson(t, request)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      for (const route of [
        list, 'POST /api/auth/revoke-session', 'POST /api/auth/revoke-sessions', 'POST /api/auth/revoke-other-sessions',
        'POST /api/auth/change-password'
      ]) {
        for (const credentials of [{}, { bearer: forged }, { cookie: 'session=x' }, { cookie: `token=${token}` }]) {
          expectReply(t, await request(t, route, credentials), 401, unauthorized)
        }
        if (route.startsWith('POST')) expectReply(t, await request(t, route, { body: '{' }), 401, unauthorized)
      }
    })
  })
}

t.test('the cookie is Secure where COOKIE_SECURE says so, and has the lifetime ACCESS_TOKEN_TTL', async t => {
  const { request } = await setUp(t, { settings: { secureCookies: true, lifetimes: { accessToken: 600 } } })
  const { username: name, email, password } = newPerson()
  const reply = await request(t, signUp, { json: { name, email, password } })
  const token = setsCookie(t, reply, 'session', [...sessionCookie(600), 'Secure'])
  t.equal(Number(claimsOf(token).exp) - Number(claimsOf(token).iat), 600)
  setsCookie(t, await request(t, signIn, { json: { email, password } }), 'session', [...sessionCookie(600), 'Secure'])
  setsCookie(t, await request(t, signOut, { bearer: token }), 'session', [...cleared, 'Secure'])
})
