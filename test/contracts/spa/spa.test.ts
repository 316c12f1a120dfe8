import t, { type Test } from 'tap'
import { createRequester, expectReply, type Requester } from '../../support/requester.js'
import { openSql } from '../../support/open-sql.js'
import { operator } from '../../support/second-core.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { loggedIn, newPerson, type Person } from '../../support/people.js'
import { claimsOf, setsNoCookie } from '../../support/set-cookie.js'

/* The specification of contract `spa`: token, me and logout. Registration is in register.test.ts. */

const day = 24 * 3600
const badToken = { detail: 'Could not validate credentials' }
const badCredentials = { detail: 'Invalid email or password' }
const loggedOut = { message: 'Successfully logged out' }
const json = { 'content-type': 'application/json' }

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    request: createRequester(server.api, 'spa'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 }
  }
}

/** Somebody new: the account as it was shown, and a token. */
async function signedIn (t: Test, request: Requester) {
  const person = newPerson()
  const { body: user } = await request(t, 'POST /api/auth/register', { json: person })
  return { person, user, token: await tokenOf(t, request, person) }
}

async function tokenOf (t: Test, request: Requester, { email, password }: Omit<Person, 'username'>): Promise<string> {
  const { status, body } = await request(t, 'POST /api/auth/token', { json: { email, password } })
  t.equal(status, 200)
  return String(body.access_token)
}

for (const database of databases) {
  t.test(`contract spa on ${database}`, async t => {
    const { server, request, pass } = await setUp(t, { database })
    const sql = openSql(t, server.settings)
    const me = (t: Test, token: string) => request(t, 'GET /api/auth/me', { bearer: token, headers: json })

    await t.test('token is 200 with access_token, token_type Bearer, and user_id as a string', async t => {
      const { person: { email, password }, user } = await signedIn(t, request)
      const reply = await request(t, 'POST /api/auth/token', { json: { email, password } })
      const { access_token: token } = reply.body
      expectReply(t, reply, 200, { access_token: token, token_type: 'Bearer', user_id: String(user.id) })
      t.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
      t.equal(typeof reply.body.user_id, 'string')
      setsNoCookie(t, reply)
    })

    await t.test('the email of a sign-in is trimmed and in lower case', async t => {
      const { person: { email, password } } = await signedIn(t, request)
      await tokenOf(t, request, { email: ` ${email.toUpperCase()}\t`, password })
    })

    await t.test('invalid credentials are one 401, whatever is wrong with them', async t => {
      const { person: { email, password } } = await signedIn(t, request)
      for (const wrong of [
        { email, password: `${password} ` }, { email, password: '' }, { email: newPerson().email, password },
        { email: 'no email', password }, { email: '', password }, { email, password: 'p'.repeat(1024) }
      ]) {
        expectReply(t, await request(t, 'POST /api/auth/token', { json: wrong }), 401, badCredentials)
      }
    })

    await t.test('a missing field is the 422 of its example, to the byte', async t => {
      const { email, password } = newPerson()
      const missing = (...fields: string[]) => ({
        detail: fields.map(field => ({ loc: ['body', field], msg: 'field required', type: 'value_error.missing' }))
      })
      expectReply(t, await request(t, 'POST /api/auth/token', { json: { password } }), 422, missing('email'))
      expectReply(t, await request(t, 'POST /api/auth/token', { json: { email } }), 422, missing('password'))
      expectReply(t, await request(t, 'POST /api/auth/token', { json: {} }), 422, missing('email', 'password'))
    })

    await t.test('me is 200 with the account as the registration showed it', async t => {
      const { user, token } = await signedIn(t, request)
      const reply = await me(t, token)
      expectReply(t, reply, 200, user)
      t.same(Object.keys(reply.body), ['id', 'username', 'email', 'created_at', 'updated_at'])
      t.equal(typeof reply.body.id, 'number')
    })

    await t.test('an account made elsewhere shows the part of its email before the @', async t => {
      const { email, password } = newPerson()
      await server.core.accounts.register({ email, password, name: 'John Doe', minPasswordLength: 8 }, operator)
      const { body } = await me(t, await tokenOf(t, request, { email, password }))
      t.match(body, { username: email.slice(0, email.indexOf('@')), email })
      t.ok(Number.isSafeInteger(body.id))
    })

    await t.test('me without a good token is 401', async t => {
      const { token } = await signedIn(t, request)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expectReply(t, await request(t, 'GET /api/auth/me'), 401, badToken)
      for (const bad of ['x', 'a.b.c', 'null', 'undefined', forged, `${token}x`]) {
        expectReply(t, await me(t, bad), 401, badToken)
      }
      for (const authorization of ['', 'Bearer', 'Basic eDp5', token, `Token ${token}`, `Bearer ${token},`]) {
        expectReply(t, await request(t, 'GET /api/auth/me', { headers: { authorization } }), 401, badToken)
      }
      for (const name of ['token', 'auth_token', 'session', 'access_token', 'userSession']) {
        expectReply(t, await request(t, 'GET /api/auth/me', { cookie: `${name}=${token}` }), 401, badToken)
      }
      t.equal((await me(t, token)).status, 200)
    })

    await t.test('a token is valid for 7 days and not a second longer', async t => {
      const { token } = await signedIn(t, request)
      const { iat, exp } = claimsOf(token)
      t.equal(Number(exp) - Number(iat), 7 * day)
      pass(7 * day - 1)
      t.equal((await me(t, token)).status, 200)
      pass(1)
      expectReply(t, await me(t, token), 401, badToken)
      pass(-7 * day)
    })

    await t.test('logout is 200 and ends the session of a good token, and no other', async t => {
      for (const headers of [json, {}]) {
        const { person, user, token } = await signedIn(t, request)
        const other = await tokenOf(t, request, person)
        const partner = await loggedIn(server.api, person)
        expectReply(t, await request(t, 'POST /api/auth/logout', { bearer: token, headers }), 200, loggedOut)
        expectReply(t, await me(t, token), 401, badToken)
        expectReply(t, await me(t, other), 200, user)
        expectReply(t, await me(t, partner.token), 200, user)
      }
    })

    await t.test('logout is 200 in any case: with a bad, a dead, an expired token, with none', async t => {
      const { token } = await signedIn(t, request)
      for (const requestOptions of [
        {}, { headers: json }, { json: {} }, { bearer: 'x' }, { bearer: 'a.b.c', headers: json }, { bearer: token },
        { bearer: token }, { headers: { ...json, authorization: 'Bearer null' } },
        { headers: { authorization: 'Basic x' } }
      ]) {
        expectReply(t, await request(t, 'POST /api/auth/logout', requestOptions), 200, loggedOut)
      }
      const { user, token: expired } = await signedIn(t, request)
      pass(8 * day)
      expectReply(t, await request(t, 'POST /api/auth/logout', { bearer: expired, headers: json }), 200, loggedOut)
      pass(-8 * day)
      expectReply(t, await me(t, expired), 401, badToken)
      const [ended] = await sql<Array<{ reason: string }>>`
        SELECT end_reason AS reason FROM sessions JOIN accounts ON accounts.id = account_id WHERE number = ${user.id}`
      t.equal(ended?.reason, 'signed_out')
    })

    await t.test('logout of a deleted account is 200', async t => {
      const { person, token } = await signedIn(t, request)
      await server.core.accounts.delete(person.email, operator)
      expectReply(t, await request(t, 'POST /api/auth/logout', { bearer: token, headers: json }), 200, loggedOut)
    })
  })
}
