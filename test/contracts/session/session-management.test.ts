import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createRequester, sendRequest, expectReply } from '../../support/requester.js'
import { dump, openSql } from '../../support/open-sql.js'
import { build, databases } from '../../support/build.js'
import type { Reply } from '../../support/http.js'
import { loggedIn } from '../../support/people.js'
import { claimsOf, setsCookie } from '../../support/set-cookie.js'
import { sessionCookie, sessionPerson, type SessionPerson, type SessionShown } from '../../support/session-person.js'

/* The specification of contract `session` names Better Auth: sessions and the password as there. */

const list = 'GET /api/auth/list-sessions'
const revoke = 'POST /api/auth/revoke-session'
const revokeAll = 'POST /api/auth/revoke-sessions'
const revokeOthers = 'POST /api/auth/revoke-other-sessions'
const change = 'POST /api/auth/change-password'

const done = { status: true }
const unauthorized = { code: 'UNAUTHORIZED', message: 'Unauthorized' }
const newPassword = 'another password'

for (const database of databases) {
  t.test(`sessions on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.api, 'session')

    /** The same person on another device. */
    const again = (person: SessionPerson) => sessionPerson(t, request, person)
    const sessionsOf = async (person: SessionPerson) => (await person.request(t, list)).body as SessionShown[]
    const idOf = ({ token }: { token: string }) => String(claimsOf(token).sid)

    async function live (t: Test, ...people: SessionPerson[]): Promise<void> {
      for (const person of people) t.equal((await person.request(t, list)).status, 200, 'lives on')
    }

    async function ended (t: Test, ...people: SessionPerson[]): Promise<void> {
      for (const person of people) expectReply(t, await person.request(t, list), 401, unauthorized)
    }

    await t.test('the list is all live sessions of the account, of every contract, newest first', async t => {
      const first = await sessionPerson(t, request)
      const [second, gone, stranger] = [await again(first), await again(first), await sessionPerson(t, request)]
      await gone.request(t, 'POST /api/auth/sign-out')
      const partner = await loggedIn(server.api, first)
      await sql`UPDATE sessions SET address = NULL, user_agent = NULL WHERE id = ${idOf(partner)}`

      const reply = await first.request(t, list)
      const sessions = reply.body as SessionShown[]
      t.same(sessions.map(({ id }) => id), [partner, second, first].map(idOf))
      for (const session of sessions) {
        t.same(Object.keys(session),
          ['id', 'token', 'userId', 'expiresAt', 'createdAt', 'updatedAt', 'ipAddress', 'userAgent'])
        t.equal(session.userId, first.userId)
      }
      t.match(sessions[0], { ipAddress: null, userAgent: null })
      const { body: { session } } = await first.request(t, 'GET /api/auth/get-session')
      t.same(sessions.at(-1), session)
      await sql`UPDATE sessions SET expires_at = now() WHERE id = ${idOf(second)}`
      t.same((await sessionsOf(first)).map(({ id }) => id), [partner, first].map(idOf))
      t.same((await sessionsOf(stranger)).map(({ id }) => id), [idOf(stranger)])
    })

    await t.test('the token of another contract may not manage, and changes nothing', async t => {
      const person = await sessionPerson(t, request)
      const { token: partnerToken } = await loggedIn(server.api, person)
      const signIn = await sendRequest(server.api, 'POST /api/auth/token', { json: person })
      const before = await dump(sql)
      for (const bearer of [partnerToken, String(signIn.body.access_token)]) {
        for (const [route, json] of [
          [list], [revoke, { token: idOf(person) }], [revokeAll, {}], [revokeOthers, {}],
          [change, { currentPassword: person.password, newPassword }]
        ] as const) {
          expectReply(t, await request(t, route, { bearer, ...json !== undefined && { json } }), 403, {
            code: 'WRONG_CONTRACT',
            message: 'Sign in with POST /api/auth/sign-in/email: the token of another contract cannot do this'
          })
        }
        const { body } = await request(t, 'GET /api/auth/get-session', { bearer })
        t.equal(body.user.id, person.userId, 'it still tells whose it is')
      }
      t.equal(await dump(sql), before)
    })

    await t.test('the token of the list is no credential: it gives no access anywhere', async t => {
      const person = await sessionPerson(t, request)
      const [{ token }] = await sessionsOf(person) as [SessionShown]
      const refused: Reply[] = [
        await request(t, list, { bearer: token }),
        await request(t, list, { cookie: `session=${token}` }),
        await sendRequest(server.api, 'GET /api/auth/me', { bearer: token }),
        await sendRequest(server.api, 'POST /api/auth/validate-token', { json: { token } }),
        await sendRequest(server.api, 'POST /api/auth/refresh-token', { json: { refreshToken: token } }),
        await sendRequest(server.tasks, 'GET /tasks', { cookie: `auth_token=${token}` }),
        await sendRequest(server.web, 'GET /auth/me', { cookie: `token=${token}` })
      ]
      t.same(refused.map(({ status }) => status), refused.map(() => 401))
      for (const route of ['POST /api/auth/sign-out', 'POST /api/auth/revoke-token']) {
        await sendRequest(server.api, route, { bearer: token, json: { token } })
      }
      await live(t, person)
      t.notMatch((await person.request(t, list)).text, /eyJ|rt_/)
    })

    await t.test('revoke-session ends the one that is named, in any spelling, be it this one', async t => {
      const first = await sessionPerson(t, request)
      const [second, third] = [await again(first), await again(first)]
      expectReply(t, await first.request(t, revoke, { json: { token: idOf(second) } }), 200, done)
      await ended(t, second)
      await live(t, first, third)
      expectReply(t, await first.request(t, revoke, { json: { token: idOf(second) } }), 200, done)
      expectReply(t, await first.request(t, revoke, { json: { token: idOf(third).toUpperCase() } }), 200, done)
      await ended(t, third)
      expectReply(t, await first.request(t, revoke, { json: { token: idOf(first) } }), 200, done)
      await ended(t, first)
    })

    await t.test('revoke-session of another account\'s session, or of none, does nothing', async t => {
      const [jan, eve] = [await sessionPerson(t, request), await sessionPerson(t, request)]
      const before = await dump(sql)
      for (const token of [
        idOf(jan), jan.token, eve.token, randomUUID(), `urn:uuid:${idOf(eve)}`, `{${idOf(eve)}}`, ` ${idOf(eve)}`,
        `${idOf(eve)}\n`, '', 'x', '\u0000', '\ud800', "' OR 1=1 --", 'x'.repeat(10_000), '__proto__', 'null'
      ]) {
        expectReply(t, await eve.request(t, revoke, { json: { token } }), 200, done)
      }
      t.equal(await dump(sql), before)
      await live(t, jan, eve)
    })

    await t.test('revoke-session without a token that is text is 400', async t => {
      const person = await sessionPerson(t, request)
      const id = idOf(person)
      for (const json of [{}, { token: null }, { token: 7 }, { token: [id] }, { id }, [], null]) {
        const { status, body } = await person.request(t, revoke, { json })
        t.equal(status, 400)
        t.equal(body.code, 'VALIDATION_ERROR')
      }
      t.equal((await person.request(t, revoke)).status, 400)
      await live(t, person)
    })

    await t.test('revoke-other-sessions ends all but this one, and no other account\'s', async t => {
      const first = await sessionPerson(t, request)
      const [second, third, stranger] = [await again(first), await again(first), await sessionPerson(t, request)]
      const { refreshToken } = await loggedIn(server.api, first)
      for (const options of [{}, { json: {} }, { headers: { 'content-type': 'application/json' } }]) {
        expectReply(t, await second.request(t, revokeOthers, options), 200, done)
      }
      await ended(t, first, third)
      await live(t, second, stranger)
      t.equal((await sendRequest(server.api, 'POST /api/auth/refresh-token', { json: { refreshToken } })).status, 401)
      t.same((await sessionsOf(second)).map(({ id }) => id), [idOf(second)])
    })

    await t.test('revoke-sessions ends all, this one too, and no other account\'s', async t => {
      const first = await sessionPerson(t, request)
      const [second, stranger] = [await again(first), await sessionPerson(t, request)]
      expectReply(t, await first.request(t, revokeAll, { json: {} }), 200, done)
      await ended(t, first, second)
      await live(t, stranger, await again(first))
    })

    await t.test('change-password sets the new one and ends all sessions; its device gets a new one', async t => {
      for (const more of [{}, { revokeOtherSessions: true }]) {
        const first = await sessionPerson(t, request)
        const [second, stranger] = [await again(first), await sessionPerson(t, request)]
        const json = { currentPassword: first.password, newPassword, ...more }
        const reply = await first.request(t, change, { json })
        const { user } = reply.body
        const token = setsCookie(t, reply, 'session', sessionCookie())
        expectReply(t, reply, 200, { token, user })
        t.match(user, { id: first.userId, email: first.email })
        await ended(t, first, second)
        await live(t, stranger)
        t.equal((await request(t, list, { bearer: token })).status, 200)
        t.equal((await request(t, 'POST /api/auth/refresh', { bearer: token })).status, 200, 'and can be extended')
        const signIn = (password: string) =>
          request(t, 'POST /api/auth/sign-in/email', { json: { ...first, password } })
        t.equal((await signIn(first.password)).status, 401)
        t.equal((await signIn(newPassword)).status, 200)
      }
    })

    await t.test('with revokeOtherSessions false they stay valid', async t => {
      const first = await sessionPerson(t, request)
      const second = await again(first)
      const json = { currentPassword: first.password, newPassword, revokeOtherSessions: false }
      const reply = await first.request(t, change, { json })
      expectReply(t, reply, 200, { token: null, user: reply.body.user })
      await live(t, first, second)
      t.equal((await second.request(t, 'POST /api/auth/refresh')).status, 200)
      const signIn = await sendRequest(server.api, 'POST /api/auth/token', {
        json: { ...first, password: newPassword }
      })
      t.equal(signIn.status, 200)
    })

    await t.test('a wrong current password is 400 INVALID_PASSWORD, and is on record only', async t => {
      const first = await sessionPerson(t, request)
      const second = await again(first)
      const before = await dump(sql, ['accounts', 'sessions'])
      for (const currentPassword of ['', 'x', `${first.password} `, newPassword]) {
        expectReply(t, await first.request(t, change, { json: { currentPassword, newPassword } }), 400,
          { code: 'INVALID_PASSWORD', message: 'Invalid password' })
      }
      t.equal(await dump(sql, ['accounts', 'sessions']), before)
      await live(t, first, second)
    })

    await t.test('a new password that will not do is 400 and changes nothing', async t => {
      const person = await sessionPerson(t, request)
      const before = await dump(sql)
      const { password: currentPassword } = person
      for (const [json, code] of [
        [{ currentPassword, newPassword: '1234567' }, 'PASSWORD_TOO_SHORT'],
        [{ currentPassword, newPassword: '' }, 'PASSWORD_TOO_SHORT'],
        [{ currentPassword, newPassword: 'p'.repeat(1025) }, 'PASSWORD_TOO_LONG'],
        [{ currentPassword, newPassword: 'password\ud800' }, 'PASSWORD_TOO_LONG'],
        [{ currentPassword }, 'VALIDATION_ERROR'], [{ newPassword }, 'VALIDATION_ERROR'],
        [{ currentPassword, newPassword: null }, 'VALIDATION_ERROR'],
        [{ currentPassword, newPassword, revokeOtherSessions: 'false' }, 'VALIDATION_ERROR'],
        [{ currentPassword, newPassword, revokeOtherSessions: null }, 'VALIDATION_ERROR']
      ] as const) {
        const { status, body } = await person.request(t, change, { json })
        t.equal(status, 400)
        t.equal(body.code, code, JSON.stringify(json).slice(0, 80))
      }
      t.equal(await dump(sql), before)
    })

    await t.test('of concurrent changes from one password exactly one is made', async t => {
      const person = await sessionPerson(t, request)
      const passwords = ['password one', 'password two', 'password three']
      const replies = await Promise.all(passwords.map(newPassword =>
        sendRequest(server.api, change, {
          bearer: person.token, json: { currentPassword: person.password, newPassword }
        })))
      t.same(replies.map(({ status }) => status).sort(), [200, 400, 400])
      const signIns = []
      for (const password of passwords) {
        signIns.push((await request(t, 'POST /api/auth/sign-in/email', { json: { ...person, password } })).status)
      }
      t.same(signIns, replies.map(({ status }) => status === 200 ? 200 : 401))
    })
  })
}
