import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { createRequester, sendRequest, expectReply, type Requester } from '../../support/requester.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { encode } from '../../support/forging.js'
import { newPerson } from '../../support/people.js'
import { claimsOf, headerOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'

/* The specification of contract `tasks`: "Authentication Endpoints" and tokens. For tasks see tasks.test.ts. */

const day = 24 * 3600
/** `Set-Cookie: auth_token=<jwt_token>; HttpOnly; SameSite=Strict; Path=/`, and nothing more. */
const attributes = ['HttpOnly', 'SameSite=Strict', 'Path=/']
const cleared = [...attributes, 'Max-Age=0']
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const wholeSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const badToken = { detail: 'Invalid or expired token' }
const badCredentials = { detail: 'Invalid email or password' }

/** A server whose clock stands on a whole second until it is told to go on. */
async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    request: createRequester(server.tasks, 'tasks'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 }
  }
}

/** Somebody new: what was sent, the account as it was shown, and the token of the cookie. */
async function signedUp (t: Test, request: Requester) {
  const { email, password } = newPerson()
  const reply = await request(t, 'POST /auth/signup', { json: { email, password } })
  t.equal(reply.status, 201)
  return { email, password, user: reply.body, token: setsCookie(t, reply, 'auth_token', attributes) }
}

/** The request that both the bearer and the cookie are tried with. */
function uses (t: Test, request: Requester, token: string, as: 'bearer' | 'cookie' = 'bearer') {
  return request(t, 'GET /tasks', as === 'bearer' ? { bearer: token } : { cookie: `auth_token=${token}` })
}

for (const database of databases) {
  t.test(`authentication on ${database}`, async t => {
    const { server, request, pass } = await setUp(t, { database })

    await t.test('signup is 201 with id, email and created_at, and sets the cookie', async t => {
      const { email, password } = newPerson()
      const reply = await request(t, 'POST /auth/signup', { json: { email, password } })
      const { id, created_at: created } = reply.body
      expectReply(t, reply, 201, { id, email, created_at: created })
      t.match(id, uuid)
      t.match(created, wholeSeconds)
      t.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000)
      expectReply(t, await uses(t, request, setsCookie(t, reply, 'auth_token', attributes), 'cookie'), 200, [])
    })

    await t.test('the email is trimmed and in lower case', async t => {
      const { email, password } = newPerson()
      const spelled = { email: `\t${email.toUpperCase()} `, password }
      t.equal((await request(t, 'POST /auth/signup', { json: spelled })).body.email, email)
      t.equal((await request(t, 'POST /auth/login', { json: spelled })).body.email, email)
    })

    await t.test('login is 200 with the account of the signup, and sets a cookie of its own', async t => {
      const { email, password, user, token } = await signedUp(t, request)
      const reply = await request(t, 'POST /auth/login', { json: { email, password } })
      expectReply(t, reply, 200, user)
      const second = setsCookie(t, reply, 'auth_token', attributes)
      t.not(second, token)
      t.equal((await uses(t, request, token)).status, 200, 'the first is good still')
      t.equal((await uses(t, request, second)).status, 200)
    })

    await t.test('a wrong password and an unknown email are one 401, without a cookie', async t => {
      const { email, password } = await signedUp(t, request)
      for (const json of [{ email, password: `${password}x` }, { email: newPerson().email, password }]) {
        const reply = await request(t, 'POST /auth/login', { json })
        expectReply(t, reply, 401, badCredentials)
        setsNoCookie(t, reply)
      }
      const short = await request(t, 'POST /auth/login', { json: { email, password: 'x' } })
      expectReply(t, short, 401, badCredentials)
    })

    await t.test('a signup with an existing email is 409, without a cookie', async t => {
      const { email, password } = await signedUp(t, request)
      const reply = await request(t, 'POST /auth/signup', { json: { email: email.toUpperCase(), password } })
      expectReply(t, reply, 409, { detail: 'Email already registered' })
      setsNoCookie(t, reply)
    })

    await t.test('the 422 of its example, to the byte', async t => {
      const reply = await request(t, 'POST /auth/signup', { json: { email: 'user@', password: 'pass' } })
      expectReply(t, reply, 422, {
        detail: [
          { type: 'value_error.email', loc: ['body', 'email'], msg: 'invalid email format' },
          {
            type: 'value_error.string.too_short',
            loc: ['body', 'password'],
            msg: 'ensure this value has at least 8 characters'
          }
        ]
      })
      setsNoCookie(t, reply)
    })

    await t.test('a password has at least 8 characters', async t => {
      for (const [password, status] of [['1234567', 422], ['😀'.repeat(7), 422], ['12345678', 201]] as const) {
        const reply = await request(t, 'POST /auth/signup', { json: { email: newPerson().email, password } })
        t.equal(reply.status, status, password)
      }
    })

    await t.test('logout is 200, clears the cookie and ends the session, with either credential', async t => {
      for (const credential of ['bearer', 'cookie'] as const) {
        const { email, password, token } = await signedUp(t, request)
        const other = await request(t, 'POST /auth/login', { json: { email, password } })
        t.equal((await uses(t, request, token)).status, 200)
        const value = credential === 'cookie' ? `auth_token=${token}` : token
        const reply = await request(t, 'POST /auth/logout', { [credential]: value })
        expectReply(t, reply, 200, { message: 'Logged out successfully' })
        t.equal(setsCookie(t, reply, 'auth_token', cleared), '')
        expectReply(t, await uses(t, request, token, 'bearer'), 401, badToken)
        expectReply(t, await uses(t, request, token, 'cookie'), 401, badToken)
        t.equal((await uses(t, request, setsCookie(t, other, 'auth_token', attributes))).status, 200,
          'another session of the account goes on')
      }
    })

    await t.test('logout takes a content type without a body, as fetch wrappers send it', async t => {
      const { token } = await signedUp(t, request)
      const headers = { 'content-type': 'application/json' }
      t.equal((await request(t, 'POST /auth/logout', { bearer: token, headers })).status, 200)
    })

    await t.test('logout without a good token is 401 and touches no cookie', async t => {
      const { token } = await signedUp(t, request)
      await request(t, 'POST /auth/logout', { bearer: token })
      for (const credentials of [{}, { bearer: 'x.y.z' }, { bearer: token }, { cookie: `auth_token=${token}` }]) {
        const reply = await request(t, 'POST /auth/logout', credentials)
        expectReply(t, reply, 401, badToken)
        setsNoCookie(t, reply)
      }
    })

    await t.test('the token names its account and is valid for 7 days', async t => {
      const { user, email, token } = await signedUp(t, request)
      const { iat, exp, ...claims } = claimsOf(token)
      t.match(claims, { sub: user.id, email, contract: 'tasks' })
      t.equal(Number(exp) - Number(iat), 7 * day)
      pass(7 * day - 1)
      t.equal((await uses(t, request, token)).status, 200)
      pass(1)
      expectReply(t, await uses(t, request, token), 401, badToken)
      pass(-7 * day)
    })

    await t.test('the header is looked at before the cookie, however its scheme is written', async t => {
      const { token } = await signedUp(t, request)
      const cookie = `auth_token=${token}`
      expectReply(t, await request(t, 'GET /tasks', { cookie, bearer: 'x.y.z' }), 401, badToken)
      t.equal((await request(t, 'GET /tasks', { cookie: 'auth_token=x.y.z', bearer: token })).status, 200)
      for (const authorization of [`bearer ${token}`, `BEARER  ${token}`]) {
        t.equal((await request(t, 'GET /tasks', { headers: { authorization } })).status, 200, authorization.slice(0, 7))
      }
      t.equal((await request(t, 'GET /tasks', { cookie, headers: { authorization: 'Basic eDp5' } })).status, 200)
    })

    await t.test('each of its reasons for a 401, and whatever else is no token', async t => {
      const { token } = await signedUp(t, request)
      const at = token.lastIndexOf('.') + 1
      const otherSignature = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      const bad = [otherSignature, token.slice(0, at), 'null', 'undefined', 'x', `${token}.`]
      for (const route of ['GET /tasks', 'POST /tasks', 'POST /auth/logout']) {
        expectReply(t, await request(t, route), 401, badToken)
        for (const each of bad) expectReply(t, await request(t, route, { bearer: each }), 401, badToken)
        for (const each of bad) expectReply(t, await request(t, route, { cookie: `auth_token=${each}` }), 401, badToken)
        for (const authorization of ['Bearer', 'Bearer ', token, `Token ${token}`, `Bearer ${token} ${token}`]) {
          expectReply(t, await request(t, route, { headers: { authorization } }), 401, badToken)
        }
        expectReply(t, await request(t, route, { cookie: `token=${token}` }), 401, badToken)
        expectReply(t, await sendRequest(server.tasks, route, { query: `?auth_token=${token}` }), 401, badToken)
      }
      t.equal((await uses(t, request, token)).status, 200)
    })
  })
}

t.test('cookies are Secure where COOKIE_SECURE says so, also the one that clears', async t => {
  const { request } = await setUp(t, { settings: { secureCookies: true } })
  const { email, password } = newPerson()
  const signup = await request(t, 'POST /auth/signup', { json: { email, password } })
  const token = setsCookie(t, signup, 'auth_token', [...attributes, 'Secure'])
  const login = await request(t, 'POST /auth/login', { json: { email, password } })
  setsCookie(t, login, 'auth_token', [...attributes, 'Secure'])
  setsCookie(t, await request(t, 'POST /auth/logout', { bearer: token }), 'auth_token', [...cleared, 'Secure'])
})

t.test('the token\'s lifetime is JWT_EXPIRES_IN, at most SESSION_MAX_AGE', async t => {
  for (const [lifetimes, seconds] of [[{ longAccessToken: 90 }, 90], [{ session: 60 }, 60]] as const) {
    const settings = { lifetimes }
    const { request } = await setUp(t, { settings })
    const { iat, exp } = claimsOf((await signedUp(t, request)).token)
    t.equal(Number(exp) - Number(iat), seconds)
  }
})

t.test('a token without its user is refused, however well it is signed', async t => {
  const secret = 'a secret of at least thirty-two bytes'
  const { request } = await setUp(t, { settings: { keys: { sharedSecret: secret } } })
  const { token } = await signedUp(t, request)
  const signed = (claims: Record<string, unknown>) => {
    const input = `${encode(headerOf(token))}.${encode(claims)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const { sub, ...rest } = claimsOf(token)
  t.equal((await uses(t, request, signed({ ...rest, sub }))).status, 200, 'the same claims, signed here, are good')
  for (const claims of [rest, { ...rest, user_id: sub }, { ...rest, sub: null }, { ...rest, sub: 7 }]) {
    expectReply(t, await uses(t, request, signed(claims)), 401, badToken)
  }
})
