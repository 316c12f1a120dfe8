import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { asker, asks, isReply, type Ask } from '../../support/ask.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { encode } from '../../support/forging.js'
import { newPerson } from '../../support/people.js'
import { claimsOf, headerOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'

/* Seed 002, "Authentication Endpoints" and what it says of tokens; its tasks stand in tasks.test.ts. */

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
  return { server, ask: asker(server.tasks, 'tasks'), pass: (seconds: number) => { clock.ms += seconds * 1000 } }
}

/** Somebody new: what was sent, the account as it was shown, and the token of the cookie. */
async function signedUp (t: Test, ask: Ask) {
  const { email, password } = newPerson()
  const reply = await ask(t, 'POST /auth/signup', { json: { email, password } })
  t.equal(reply.status, 201)
  return { email, password, user: reply.body, token: setsCookie(t, reply, 'auth_token', attributes) }
}

/** The request that both the bearer and the cookie are tried with. */
function uses (t: Test, ask: Ask, token: string, as: 'bearer' | 'cookie' = 'bearer') {
  return ask(t, 'GET /tasks', as === 'bearer' ? { bearer: token } : { cookie: `auth_token=${token}` })
}

for (const database of databases) {
  t.test(`seed 002, authentication, on ${database}`, async t => {
    const { server, ask, pass } = await setUp(t, { database })

    await t.test('seed 002: signup is 201 with id, email and created_at, and sets the cookie', async t => {
      const { email, password } = newPerson()
      const reply = await ask(t, 'POST /auth/signup', { json: { email, password } })
      const { id, created_at: created } = reply.body
      isReply(t, reply, 201, { id, email, created_at: created })
      t.match(id, uuid)
      t.match(created, wholeSeconds)
      t.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000)
      isReply(t, await uses(t, ask, setsCookie(t, reply, 'auth_token', attributes), 'cookie'), 200, [])
    })

    await t.test('seed 002: the email is trimmed and in lower case', async t => {
      const { email, password } = newPerson()
      const spelled = { email: `\t${email.toUpperCase()} `, password }
      t.equal((await ask(t, 'POST /auth/signup', { json: spelled })).body.email, email)
      t.equal((await ask(t, 'POST /auth/login', { json: spelled })).body.email, email)
    })

    await t.test('seed 002: login is 200 with the account of the signup, and sets a cookie of its own', async t => {
      const { email, password, user, token } = await signedUp(t, ask)
      const reply = await ask(t, 'POST /auth/login', { json: { email, password } })
      isReply(t, reply, 200, user)
      const second = setsCookie(t, reply, 'auth_token', attributes)
      t.not(second, token)
      t.equal((await uses(t, ask, token)).status, 200, 'the first is good still')
      t.equal((await uses(t, ask, second)).status, 200)
    })

    await t.test('seed 002: a wrong password and an unknown email are one 401, without a cookie', async t => {
      const { email, password } = await signedUp(t, ask)
      for (const json of [{ email, password: `${password}x` }, { email: newPerson().email, password }]) {
        const reply = await ask(t, 'POST /auth/login', { json })
        isReply(t, reply, 401, badCredentials)
        setsNoCookie(t, reply)
      }
      const short = await ask(t, 'POST /auth/login', { json: { email, password: 'x' } })
      isReply(t, short, 401, badCredentials)
    })

    await t.test('seed 002: a signup with an existing email is 409, without a cookie', async t => {
      const { email, password } = await signedUp(t, ask)
      const reply = await ask(t, 'POST /auth/signup', { json: { email: email.toUpperCase(), password } })
      isReply(t, reply, 409, { detail: 'Email already registered' })
      setsNoCookie(t, reply)
    })

    await t.test('seed 002: the 422 of its example, to the byte', async t => {
      const reply = await ask(t, 'POST /auth/signup', { json: { email: 'user@', password: 'pass' } })
      isReply(t, reply, 422, {
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

    await t.test('seed 002: a password has at least 8 characters', async t => {
      for (const [password, status] of [['1234567', 422], ['😀'.repeat(7), 422], ['12345678', 201]] as const) {
        const reply = await ask(t, 'POST /auth/signup', { json: { email: newPerson().email, password } })
        t.equal(reply.status, status, password)
      }
    })

    await t.test('seed 002: logout is 200, clears the cookie and ends the session, with either credential', async t => {
      for (const credential of ['bearer', 'cookie'] as const) {
        const { email, password, token } = await signedUp(t, ask)
        const other = await ask(t, 'POST /auth/login', { json: { email, password } })
        t.equal((await uses(t, ask, token)).status, 200)
        const value = credential === 'cookie' ? `auth_token=${token}` : token
        const reply = await ask(t, 'POST /auth/logout', { [credential]: value })
        isReply(t, reply, 200, { message: 'Logged out successfully' })
        t.equal(setsCookie(t, reply, 'auth_token', cleared), '')
        isReply(t, await uses(t, ask, token, 'bearer'), 401, badToken)
        isReply(t, await uses(t, ask, token, 'cookie'), 401, badToken)
        t.equal((await uses(t, ask, setsCookie(t, other, 'auth_token', attributes))).status, 200,
          'another session of the account goes on')
      }
    })

    await t.test('seed 002: logout takes a content type without a body, as fetch wrappers send it', async t => {
      const { token } = await signedUp(t, ask)
      const headers = { 'content-type': 'application/json' }
      t.equal((await ask(t, 'POST /auth/logout', { bearer: token, headers })).status, 200)
    })

    await t.test('seed 002: logout without a good token is 401 and touches no cookie', async t => {
      const { token } = await signedUp(t, ask)
      await ask(t, 'POST /auth/logout', { bearer: token })
      for (const asked of [{}, { bearer: 'x.y.z' }, { bearer: token }, { cookie: `auth_token=${token}` }]) {
        const reply = await ask(t, 'POST /auth/logout', asked)
        isReply(t, reply, 401, badToken)
        setsNoCookie(t, reply)
      }
    })

    await t.test('seed 002: the token names its account and lives 7 days', async t => {
      const { user, email, token } = await signedUp(t, ask)
      const { iat, exp, ...claims } = claimsOf(token)
      t.match(claims, { sub: user.id, email, contract: 'tasks' })
      t.equal(Number(exp) - Number(iat), 7 * day)
      pass(7 * day - 1)
      t.equal((await uses(t, ask, token)).status, 200)
      pass(1)
      isReply(t, await uses(t, ask, token), 401, badToken)
      pass(-7 * day)
    })

    await t.test('seed 002: the header is looked at before the cookie, however its scheme is written', async t => {
      const { token } = await signedUp(t, ask)
      const cookie = `auth_token=${token}`
      isReply(t, await ask(t, 'GET /tasks', { cookie, bearer: 'x.y.z' }), 401, badToken)
      t.equal((await ask(t, 'GET /tasks', { cookie: 'auth_token=x.y.z', bearer: token })).status, 200)
      for (const authorization of [`bearer ${token}`, `BEARER  ${token}`]) {
        t.equal((await ask(t, 'GET /tasks', { headers: { authorization } })).status, 200, authorization.slice(0, 7))
      }
      t.equal((await ask(t, 'GET /tasks', { cookie, headers: { authorization: 'Basic eDp5' } })).status, 200)
    })

    await t.test('seed 002: each of its reasons for a 401, and whatever else is no token', async t => {
      const { token } = await signedUp(t, ask)
      const at = token.lastIndexOf('.') + 1
      const otherSignature = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      const bad = [otherSignature, token.slice(0, at), 'null', 'undefined', 'x', `${token}.`]
      for (const route of ['GET /tasks', 'POST /tasks', 'POST /auth/logout']) {
        isReply(t, await ask(t, route), 401, badToken)
        for (const each of bad) isReply(t, await ask(t, route, { bearer: each }), 401, badToken)
        for (const each of bad) isReply(t, await ask(t, route, { cookie: `auth_token=${each}` }), 401, badToken)
        for (const authorization of ['Bearer', 'Bearer ', token, `Token ${token}`, `Bearer ${token} ${token}`]) {
          isReply(t, await ask(t, route, { headers: { authorization } }), 401, badToken)
        }
        isReply(t, await ask(t, route, { cookie: `token=${token}` }), 401, badToken)
        isReply(t, await asks(server.tasks, route, { query: `?auth_token=${token}` }), 401, badToken)
      }
      t.equal((await uses(t, ask, token)).status, 200)
    })
  })
}

t.test('seed 002: cookies are Secure where COOKIE_SECURE says so, also the one that clears', async t => {
  const { ask } = await setUp(t, { settings: { COOKIE_SECURE: true } })
  const { email, password } = newPerson()
  const signup = await ask(t, 'POST /auth/signup', { json: { email, password } })
  const token = setsCookie(t, signup, 'auth_token', [...attributes, 'Secure'])
  const login = await ask(t, 'POST /auth/login', { json: { email, password } })
  setsCookie(t, login, 'auth_token', [...attributes, 'Secure'])
  setsCookie(t, await ask(t, 'POST /auth/logout', { bearer: token }), 'auth_token', [...cleared, 'Secure'])
})

t.test('seed 002: the token lives as long as JWT_EXPIRES_IN, never longer than SESSION_MAX_AGE', async t => {
  for (const [settings, seconds] of [[{ JWT_EXPIRES_IN: 90 }, 90], [{ SESSION_MAX_AGE: 60 }, 60]] as const) {
    const { ask } = await setUp(t, { settings })
    const { iat, exp } = claimsOf((await signedUp(t, ask)).token)
    t.equal(Number(exp) - Number(iat), seconds)
  }
})

t.test('seed 002: a token without its user is refused, however well it is signed', async t => {
  const secret = 'a secret of at least thirty-two bytes'
  const { ask } = await setUp(t, { settings: { JWT_SECRET: secret } })
  const { token } = await signedUp(t, ask)
  const signed = (claims: Record<string, unknown>) => {
    const input = `${encode(headerOf(token))}.${encode(claims)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const { sub, ...rest } = claimsOf(token)
  t.equal((await uses(t, ask, signed({ ...rest, sub }))).status, 200, 'the same claims, signed here, are good')
  for (const claims of [rest, { ...rest, user_id: sub }, { ...rest, sub: null }, { ...rest, sub: 7 }]) {
    isReply(t, await uses(t, ask, signed(claims)), 401, badToken)
  }
})
