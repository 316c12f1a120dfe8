import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { build, databases } from '../../support/build.js'
import { expectKeys } from '../../support/expect-keys.js'
import type { Reply } from '../../support/http.js'
import { openSql } from '../../support/open-sql.js'
import { loggedIn, newPerson } from '../../support/people.js'
import { createRequester, sendRequest, type RequestOptions } from '../../support/requester.js'
import { claimsOf } from '../../support/set-cookie.js'

/* Each route of contract `account`; what all contracts promise is in the conformance suite. */

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

const routes = {
  signUp: 'POST /api/account/sign-up',
  signIn: 'POST /api/account/sign-in',
  refresh: 'POST /api/account/refresh',
  signOut: 'POST /api/account/sign-out',
  me: 'GET /api/account/me',
  change: 'PATCH /api/account/me',
  sessions: 'GET /api/account/sessions',
  end: 'DELETE /api/account/sessions/{id}',
  endOthers: 'POST /api/account/sessions/end-others',
  endAll: 'POST /api/account/sessions/end-all',
  password: 'POST /api/account/password'
} as const

interface Device {
  email: string
  password: string
  token: string
  refreshToken: string
}

interface ShownSession {
  id: string
  createdAt: string
  lastSeenAt: string
  device: string | null
  isCurrent: boolean
}

for (const database of databases) {
  t.test(`contract account on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.api, 'account')

    const dataOf = (reply: Reply) => {
      if (reply.status > 299) throw new Error(reply.text)
      return reply.body.data
    }

    async function signedUp (t: Test, headers: Record<string, string> = {}): Promise<Device> {
      const { email, password } = newPerson()
      const { token, refreshToken } = dataOf(await request(t, routes.signUp, { json: { email, password }, headers }))
      return { email, password, token, refreshToken }
    }

    async function again (
      t: Test, { email, password }: Device, headers: Record<string, string> = {}
    ): Promise<Device> {
      const { token, refreshToken } = dataOf(await request(t, routes.signIn, { json: { email, password }, headers }))
      return { email, password, token, refreshToken }
    }

    const isLive = async ({ token }: Pick<Device, 'token'>) =>
      (await sendRequest(server.api, routes.me, { bearer: token })).status === 200

    const refuses = (t: Test, { status, body }: Reply, expected: [status: number, code: string, reason: string]) =>
      t.same([status, body.error.code, body.error.reason], expected)

    const sessionsOf = async (t: Test, { token: bearer }: Device): Promise<ShownSession[]> =>
      dataOf(await request(t, routes.sessions, { bearer })).sessions

    await t.test('sign-up makes the account and its first session', async t => {
      const { email, password, username } = newPerson()
      const reply = await request(t, routes.signUp, { json: { email: ` ${email.toUpperCase()}`, password, username } })
      t.equal(reply.status, 201)
      t.equal(reply.headers.get('cache-control'), 'no-store')
      t.match(reply.headers.get('keyturn-device'), /./)
      const data = dataOf(reply)
      expectKeys(t, data, 'token', 'refreshToken', 'expiresIn', 'refreshExpiresIn', 'user')
      t.match([data.expiresIn, data.refreshExpiresIn], [3600, 30 * 86_400])
      expectKeys(t, data.user, 'id', 'email', 'emailVerified', 'name', 'username', 'createdAt', 'subscription')
      t.match(data.user, {
        id: /^user_[0-9a-f-]{36}$/,
        email,
        emailVerified: false,
        name: null,
        username,
        createdAt: timestamp,
        subscription: { status: 'none', plan: 'free', expiresAt: null }
      })
      t.match(claimsOf(data.token), { contract: 'account', email })
      t.same(dataOf(await request(t, routes.me, { bearer: data.token })), { user: data.user })

      const other = newPerson()
      refuses(t, await request(t, routes.signUp, { json: { ...other, username: username.toUpperCase() } }),
        [409, 'USERNAME_TAKEN', 'username_taken'])
      refuses(t, await request(t, routes.signUp, { json: { ...other, email } }), [409, 'EMAIL_TAKEN', 'email_taken'])
    })

    await t.test('a new password that will not do is PASSWORD_REFUSED, with the rule that it breaks', async t => {
      const device = await signedUp(t)
      const { email } = newPerson()
      for (const [password, reason] of [
        ['short', 'password_too_short'], ['x'.repeat(1025), 'password_too_long'], ['password123', 'password_common']
      ] as const) {
        const signUp = await request(t, routes.signUp, { json: { email, password } })
        refuses(t, signUp, [400, 'PASSWORD_REFUSED', reason])
        t.notOk('details' in signUp.body.error)
        const json = { currentPassword: device.password, newPassword: password }
        refuses(t, await request(t, routes.password, { bearer: device.token, json }), [400, 'PASSWORD_REFUSED', reason])
      }
      const invalid = await request(t, routes.signUp, { json: { email: 'no email', password: 'short' } })
      refuses(t, invalid, [400, 'VALIDATION_ERROR', 'invalid_body'])
      const details = invalid.body.error.details as Array<{ path: string }>
      t.same(details.map(({ path }) => path).sort(), ['email', 'password'])
      t.ok(await isLive(device))
    })

    await t.test('a refresh token is traded for the next, and taken at no other contract', async t => {
      const device = await signedUp(t)
      const partner = await loggedIn(server.api, { ...device, username: '' })
      const traded = dataOf(await request(t, routes.refresh, { json: { refreshToken: device.refreshToken } }))
      expectKeys(t, traded, 'token', 'refreshToken', 'expiresIn', 'refreshExpiresIn')
      t.not(traded.refreshToken, device.refreshToken)
      t.ok(await isLive(traded))

      const { refreshToken } = traded
      const elsewhere = await sendRequest(server.api, 'POST /api/auth/refresh-token', { json: { refreshToken } })
      refuses(t, elsewhere, [401, 'INVALID_REFRESH_TOKEN', 'wrong_client'])
      refuses(t, await request(t, routes.refresh, { json: { refreshToken: partner.refreshToken } }),
        [401, 'INVALID_REFRESH_TOKEN', 'wrong_client'])
      t.equal((await request(t, routes.refresh, { json: { refreshToken } })).status, 200, 'and nothing has changed')
      const { refreshToken: ofPartner } = partner
      const own = await sendRequest(server.api, 'POST /api/auth/refresh-token', { json: { refreshToken: ofPartner } })
      t.equal(own.status, 200)
      refuses(t, await request(t, routes.refresh, { json: { refreshToken: 'rt_x' } }),
        [401, 'INVALID_REFRESH_TOKEN', 'malformed'])
    })

    await t.test('sign-out takes a refresh token, an access token, both or none', async t => {
      const options: Array<[(device: Device) => RequestOptions, ends: boolean]> = [
        [({ refreshToken }) => ({ json: { refreshToken } }), true],
        [({ token }) => ({ bearer: token }), true],
        [({ token }) => ({ bearer: token, json: {} }), true],
        [({ token }) => ({ bearer: token, headers: { 'content-type': 'application/x-www-form-urlencoded' } }), true],
        [({ token, refreshToken }) => ({ bearer: token, json: { refreshToken } }), true],
        [() => ({}), false],
        [() => ({ json: { refreshToken: 'rt_x' } }), false],
        [() => ({ bearer: 'a.b.c' }), false]
      ]
      for (const [optionsFor, ends] of options) {
        const device = await signedUp(t)
        for (const time of ['first', 'second']) {
          t.same(dataOf(await request(t, routes.signOut, optionsFor(device))), { signedOut: true }, time)
        }
        t.equal(await isLive(device), !ends)
      }
      refuses(t, await request(t, routes.signOut, { json: { refreshToken: 7 } }),
        [400, 'VALIDATION_ERROR', 'invalid_body'])
    })

    await t.test('name and username are changed, kept and removed', async t => {
      const { token: bearer } = await signedUp(t)
      const username = `Ann_${randomUUID()}`.slice(0, 40)
      const changed = async (json: object) => dataOf(await request(t, routes.change, { bearer, json })).user
      t.match(await changed({}), { name: null, username: null })
      t.match(await changed({ name: 'Ann Ångström', username }), { name: 'Ann Ångström', username })
      t.match(await changed({ name: 'Ann' }), { name: 'Ann', username })
      t.match(await changed({ username: username.toLowerCase() }), { username: username.toLowerCase() }, 'its own')
      t.match(dataOf(await request(t, routes.me, { bearer })).user, { name: 'Ann', username: username.toLowerCase() })

      const other = await signedUp(t)
      const taken = { bearer: other.token, json: { username: username.toUpperCase() } }
      refuses(t, await request(t, routes.change, taken), [409, 'USERNAME_TAKEN', 'username_taken'])
      t.match(await changed({ name: null, username: null }), { name: null, username: null })
      t.equal((await request(t, routes.change, taken)).status, 200, 'free again')
      for (const json of [{ username: 'a b' }, { username: 'ab' }, { name: '' }, { name: 'a\nb' }, { name: 7 }, []]) {
        refuses(t, await request(t, routes.change, { bearer, json }), [400, 'VALIDATION_ERROR', 'invalid_body'])
      }
    })

    await t.test('the sessions are shown newest first, as their owner recognizes them, a page at a time', async t => {
      const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
        'Version/18.1 Mobile/15E148 Safari/604.1'
      const first = await signedUp(t, { 'user-agent': phone })
      const named = Buffer.from(' Ann’s \u200Btablet').toString('latin1')
      const second = await again(t, first, { 'x-client-name': named })
      const third = await again(t, first, { 'user-agent': 'okhttp/4.12.0' })
      await loggedIn(server.api, { ...first, username: '' })
      await sql`UPDATE sessions SET address = '198.51.100.77', rotated_at = now() + interval '61 min'
        WHERE id = ${String(claimsOf(third.token).sid)}`

      const reply = dataOf(await request(t, routes.sessions, { bearer: second.token }))
      expectKeys(t, reply, 'sessions', 'next')
      t.equal(reply.next, null)
      const [partner, ...own] = reply.sessions as ShownSession[]
      t.match(partner, { contract: 'partner', isCurrent: false })
      t.match(own.map(({ device }) => device), ['okhttp', 'Ann’s tablet', 'Safari on iPhone'])
      t.same(own.map(({ isCurrent }) => isCurrent), [false, true, false])
      expectKeys(t, own[0], 'id', 'createdAt', 'lastSeenAt', 'expiresAt', 'contract', 'device', 'userAgent', 'address',
        'isCurrent')
      t.match(own[0], { address: '198.51.100.0/24', userAgent: 'okhttp/4.12.0', contract: 'account' })
      t.match(own[0]?.lastSeenAt, /T\d\d:\d[05]:00Z$/, 'to five minutes')
      t.equal(own[2]?.lastSeenAt, own[2]?.createdAt, 'never before it began')

      const paged: ShownSession[] = []
      for (let cursor = '', pages = 0; pages === 0 || cursor !== ''; pages += 1) {
        const query = `?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`
        const page = dataOf(await request(t, routes.sessions, { bearer: second.token, query }))
        t.ok(page.sessions.length <= 1)
        paged.push(...page.sessions)
        cursor = page.next ?? ''
      }
      t.same(paged, reply.sessions)
      for (const query of ['?limit=0', '?limit=101', '?limit=x', '?cursor=x']) {
        refuses(t, await request(t, routes.sessions, { bearer: second.token, query }),
          [400, 'VALIDATION_ERROR', 'invalid_body'])
      }
    })

    await t.test('sessions are ended one by one, all others, or all; never those of another account', async t => {
      const first = await signedUp(t)
      const [second, third, stranger] = [await again(t, first), await again(t, first), await signedUp(t)]
      const { token: bearer } = first
      const idOf = (device: Device) => String(claimsOf(device.token).sid)
      const end = (id: string) => request(t, routes.end, { bearer, path: { id } })
      t.same(dataOf(await end(idOf(second).toUpperCase())), { ended: 1 })
      t.notOk(await isLive(second))
      for (const id of [idOf(second), idOf(stranger), randomUUID()]) {
        refuses(t, await end(id), [404, 'SESSION_NOT_FOUND', 'not_found'])
      }
      refuses(t, await end('x'), [400, 'VALIDATION_ERROR', 'invalid_body'])

      t.same(dataOf(await request(t, routes.endOthers, { bearer })), { ended: 1 })
      t.notOk(await isLive(third))
      t.ok(await isLive(first))
      t.equal((await request(t, routes.refresh, { json: { refreshToken: first.refreshToken } })).status, 200)
      t.same(dataOf(await request(t, routes.endAll, { bearer, json: {} })), { ended: 1 })
      t.notOk(await isLive(first))
      t.ok(await isLive(stranger))
      t.equal((await sessionsOf(t, stranger)).length, 1)
      const actors = await sql`
        SELECT DISTINCT actor FROM audit_events WHERE account_id = ${String(claimsOf(bearer).sub)}`
      t.same(actors, [{ actor: 'user' }], 'on record as what the owner did')
    })

    await t.test('a changed password ends every session, and begins the one that goes on', async t => {
      const first = await signedUp(t)
      const second = await again(t, first)
      const wrong = { currentPassword: 'wrong', newPassword: 'violin harbor meadow' }
      refuses(t, await request(t, routes.password, { bearer: first.token, json: wrong }),
        [401, 'INVALID_CREDENTIALS', 'invalid_credentials'])
      t.ok(await isLive(second))

      const json = { currentPassword: first.password, newPassword: 'violin harbor meadow' }
      const data = dataOf(await request(t, routes.password, { bearer: first.token, json }))
      expectKeys(t, data, 'token', 'refreshToken', 'expiresIn', 'refreshExpiresIn', 'user')
      for (const old of [first, second]) {
        t.notOk(await isLive(old))
        refuses(t, await request(t, routes.refresh, { json: { refreshToken: old.refreshToken } }),
          [401, 'INVALID_REFRESH_TOKEN', 'revoked'])
      }
      t.ok(await isLive(data))
      t.equal((await request(t, routes.refresh, { json: { refreshToken: data.refreshToken } })).status, 200)
      refuses(t, await request(t, routes.signIn, { json: { email: first.email, password: first.password } }),
        [401, 'INVALID_CREDENTIALS', 'invalid_credentials'])
      t.ok(await again(t, { ...first, password: json.newPassword }))
    })

    await t.test('only tokens of account and session manage; those of any contract read the user', async t => {
      const device = await signedUp(t)
      const person = { ...device, username: '' }
      const { token: partner } = await loggedIn(server.api, person)
      const { body } = await sendRequest(server.api, 'POST /api/auth/sign-in/email', { json: person })
      t.equal((await request(t, routes.me, { bearer: partner })).status, 200)
      t.equal((await request(t, routes.sessions, { bearer: body.token })).status, 200)
      for (const [route, options] of [
        [routes.change, { json: { name: 'Eve' } }], ['GET /api/account/me/export', {}],
        [routes.sessions, {}], [routes.endAll, {}], [routes.endOthers, {}],
        [routes.end, { path: { id: String(claimsOf(device.token).sid) } }],
        [routes.password, { json: { currentPassword: device.password, newPassword: 'violin harbor meadow' } }]
      ] as const) {
        refuses(t, await request(t, route, { ...options, bearer: partner }), [403, 'FORBIDDEN', 'wrong_contract'])
        refuses(t, await request(t, route, options), [401, 'TOKEN_MISSING', 'token_missing'])
      }
      t.ok(await isLive(device))
      const managed = await sendRequest(server.api, 'GET /api/auth/list-sessions', { bearer: device.token })
      t.equal(managed.status, 200, 'and a token of account manages at contract session')
    })

    await t.test('a path that is not there is refused in the shape of this contract', async t => {
      const { status, body } = await sendRequest(server.api, 'POST /api/account/nothing')
      t.same([status, body.error.code, body.error.reason], [404, 'NOT_FOUND', 'not_found'])
    })
  })
}
