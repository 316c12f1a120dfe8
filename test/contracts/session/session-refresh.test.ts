import t, { type Test } from 'tap'
import { ageRotations } from '../../support/age-rotations.js'
import { createRequester, sendRequest, expectReply } from '../../support/requester.js'
import { openSql } from '../../support/open-sql.js'
import { operator } from '../../support/second-core.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import type { Reply } from '../../support/http.js'
import { loggedIn } from '../../support/people.js'
import { claimsOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'
import { sessionCookie, sessionPerson, type SessionPerson } from '../../support/session-person.js'
import { earlier } from '../../support/earlier.js'

/* The specification of contract `session`, story 3: a session is refreshed before it expires. */

const refresh = 'POST /api/auth/refresh'
const current = 'GET /api/auth/get-session'
const list = 'GET /api/auth/list-sessions'
const unauthorized = { code: 'UNAUTHORIZED', message: 'Unauthorized' }
const sessionExpired = {
  code: 'SESSION_EXPIRED', message: 'The session has ended or was already extended; sign in again'
}

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  const sql = openSql(t, server.settings)
  return {
    server,
    sql,
    request: createRequester(server.api, 'session'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 },
    /** As if the session had begun, and been refreshed, so many seconds earlier. */
    age: async (token: string, seconds: number) => {
      const sessionId = String(claimsOf(token).sid)
      await ageRotations(sql, sessionId, seconds)
      await sql`
        UPDATE sessions SET created_at = ${earlier(sql, 'created_at', seconds)},
          expires_at = ${earlier(sql, 'expires_at', seconds)}
        WHERE id = ${sessionId}`
    },
    rowOf: async (token: string) => {
      const [row] = await sql`SELECT generation, expires_at, ended_at, end_reason FROM sessions
        WHERE id = ${String(claimsOf(token).sid)}`
      return row
    }
  }
}

function isRefused (t: Test, reply: Reply, body: object): void {
  expectReply(t, reply, 401, body)
  setsNoCookie(t, reply)
}

for (const database of databases) {
  t.test(`session refresh on ${database}`, async t => {
    const { server, sql, request, pass, age, rowOf } = await setUp(t, { database })

    await t.test('POST /api/auth/refresh extends the session', async t => {
      for (const credential of ['bearer', 'cookie'] as const) {
        const person = await sessionPerson(t, request)
        await age(person.token, 1800)
        const { body: before } = await person.request(t, 'GET /api/auth/get-session')
        const value = credential === 'cookie' ? `session=${person.token}` : person.token
        const reply = await request(t, refresh, {
          [credential]: value, headers: { 'content-type': 'application/json' }
        })
        const { body: after } = await request(t, 'GET /api/auth/get-session', { bearer: String(reply.body.token) })

        const moved = Date.parse(after.session.expiresAt) - Date.parse(before.session.expiresAt)
        t.ok(moved >= 1800_000 && moved < 1860_000, 'it ends half an hour later than it would have')
        t.ok(Date.parse(after.session.updatedAt) > Date.parse(before.session.updatedAt))
        t.same(after, {
          user: before.user,
          session: { ...before.session, expiresAt: after.session.expiresAt, updatedAt: after.session.updatedAt }
        })
        expectReply(t, reply, 200, {
          token: reply.body.token, expiresIn: 3600, session: after.session, user: after.user
        })
      }
    })

    await t.test('refresh returns a new token and sets it as the cookie', async t => {
      const person = await sessionPerson(t, request)
      pass(1200)
      const reply = await person.request(t, refresh)
      const { token } = reply.body
      t.not(token, person.token)
      t.equal(setsCookie(t, reply, 'session', sessionCookie()), token)
      const [old, fresh] = [claimsOf(person.token), claimsOf(token)]
      t.same([fresh.sub, fresh.sid, fresh.contract], [old.sub, old.sid, 'session'])
      t.equal(fresh.gen, Number(old.gen) + 1)
      t.equal(Number(fresh.exp) - Number(old.exp), 1200)
      t.equal((await request(t, list, { cookie: `session=${token}` })).status, 200)
      t.equal((await person.request(t, list)).status, 200, 'a request under way with the old one is not lost')
      pass(2400)
      expectReply(t, await person.request(t, list), 401, unauthorized)
      t.equal((await request(t, list, { bearer: token })).status, 200, 'the new one outlives the old')
      pass(-3600)
    })

    await t.test('a session can be refreshed again and again', async t => {
      let { token } = await sessionPerson(t, request)
      const { sid } = claimsOf(token)
      for (let generation = 1; generation <= 5; generation += 1) {
        await age(token, 3500)
        const { status, body } = await request(t, refresh, { bearer: token })
        t.equal(status, 200)
        token = String(body.token)
        t.match(claimsOf(token), { sid, gen: generation })
      }
    })

    await t.test('in the retry window the previous token gets the same generation', async t => {
      const person = await sessionPerson(t, request)
      const first = String((await person.request(t, refresh)).body.token)
      const retry = await person.request(t, refresh)
      const again = setsCookie(t, retry, 'session', sessionCookie())
      t.equal(retry.body.token, again)
      t.equal(claimsOf(again).gen, claimsOf(first).gen)
      t.equal((await request(t, refresh, { bearer: first })).status, 200, 'both go on')
      t.equal((await request(t, refresh, { bearer: again })).status, 200)
    })

    await t.test('after the retry window it is a copy in other hands: the session ends, on record', async t => {
      const person = await sessionPerson(t, request)
      const { token } = (await person.request(t, refresh)).body
      await age(token, 7)
      t.equal((await person.request(t, refresh)).status, 200, '7 s later')
      t.equal((await request(t, list, { bearer: token })).status, 200)
      await age(token, 3)
      isRefused(t, await person.request(t, refresh), sessionExpired)
      isRefused(t, await request(t, refresh, { bearer: token }), sessionExpired)
      expectReply(t, await request(t, list, { bearer: token }), 401, unauthorized)
      t.match(await rowOf(token), { end_reason: 'reused' })
      const [event] = await sql`
        SELECT event FROM audit_events WHERE session_id = ${String(claimsOf(token).sid)} ORDER BY at DESC LIMIT 1`
      t.equal(event?.event, 'refresh_token_reused')
    })

    await t.test('in the retry window older tokens get the current generation too', async t => {
      const person = await sessionPerson(t, request)
      const second = String((await person.request(t, refresh)).body.token)
      const third = String((await request(t, refresh, { bearer: second })).body.token)
      const { status, body } = await person.request(t, refresh)
      t.equal(status, 200)
      t.equal(claimsOf(String(body.token)).gen, claimsOf(third).gen)
      await age(third, 10)
      isRefused(t, await person.request(t, refresh), sessionExpired)
    })

    await t.test('a fifth refresh inside the retry window gets another token of the same generation', async t => {
      let { token } = await sessionPerson(t, request)
      for (const generation of [1, 2, 3, 4, 4, 4]) {
        token = String((await request(t, refresh, { bearer: token })).body.token)
        t.equal(claimsOf(token).gen, generation)
      }
      await age(token, 10)
      t.equal(claimsOf(String((await request(t, refresh, { bearer: token })).body.token)).gen, 5)
    })

    await t.test('get-session prolongs a session that is in use, and the token presented stays valid', async t => {
      for (const credential of ['bearer', 'cookie'] as const) {
        const person = await sessionPerson(t, request)
        const present = { [credential]: credential === 'cookie' ? `session=${person.token}` : person.token }
        const fresh = await request(t, current, present)
        t.equal(fresh.headers.get('set-auth-token'), null, 'not one that has just begun')
        setsNoCookie(t, fresh)

        await age(person.token, 1800)
        pass(1800)
        const reply = await request(t, current, present)
        const token = credential === 'cookie'
          ? setsCookie(t, reply, 'session', sessionCookie())
          : String(reply.headers.get('set-auth-token'))
        if (credential === 'bearer') setsNoCookie(t, reply)
        t.equal(claimsOf(token).gen, claimsOf(person.token).gen)
        const left = Date.parse(reply.body.session.expiresAt) - Date.now()
        t.ok(left > 3_590_000 && left <= 3_600_000, 'a whole lifetime more')
        t.equal((await request(t, list, { bearer: token })).status, 200)
        t.equal((await person.request(t, refresh)).status, 200, 'the first token can still be traded')
        pass(-1800)
      }
    })

    await t.test('get-session prolongs nothing for a page of another origin, or by a superseded token', async t => {
      const person = await sessionPerson(t, request)
      await person.request(t, refresh)
      await age(person.token, 1800)
      pass(1800)
      const superseded = await person.request(t, current)
      t.equal(superseded.headers.get('set-auth-token'), null)
      const other = await sessionPerson(t, request)
      await age(other.token, 1800)
      const headers = { origin: 'https://evil.example' }
      const foreign = await request(t, current, { cookie: `session=${other.token}`, headers })
      t.equal(foreign.status, 200)
      setsNoCookie(t, foreign)
      pass(-1800)
    })

    await t.test('expired sessions cannot be refreshed', async t => {
      const person = await sessionPerson(t, request)
      pass(3600)
      isRefused(t, await person.request(t, refresh), sessionExpired)
      pass(-3600)
      await age(person.token, 3600)
      const before = await rowOf(person.token)
      isRefused(t, await person.request(t, refresh), sessionExpired)
      t.same(await rowOf(person.token), before)
    })

    await t.test('nor those signed out or revoked, nor of closed accounts', async t => {
      const elsewhere = async ({ email, password, username }: SessionPerson) =>
        sessionPerson(t, request, { email, password, username })
      const ends: Array<[name: string, end: (person: SessionPerson) => Promise<unknown>]> = [
        ['signed out', person => person.request(t, 'POST /api/auth/sign-out')],
        ['revoked here', async person => (await elsewhere(person)).request(t, 'POST /api/auth/revoke-other-sessions')],
        ['revoked by an operator', person => server.core.sessions.endAll(person.userId, 'revoked', operator)],
        ['password changed', async person => (await elsewhere(person)).request(t, 'POST /api/auth/change-password', {
          json: { currentPassword: person.password, newPassword: 'another password' }
        })],
        ['disabled', person => server.core.accounts.disable(person.email, operator)]
      ]
      for (const [name, end] of ends) {
        const person = await sessionPerson(t, request)
        await end(person)
        t.comment(name)
        const before = await rowOf(person.token)
        isRefused(t, await person.request(t, refresh), sessionExpired)
        t.same(await rowOf(person.token), before)
      }
      const person = await sessionPerson(t, request)
      await server.core.accounts.delete(person.email, operator)
      isRefused(t, await person.request(t, refresh), unauthorized)
    })

    await t.test('what is no token of here cannot be refreshed', async t => {
      const { token } = await sessionPerson(t, request)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      const { body: [{ token: shown }] } = await request(t, list, { bearer: token })
      for (const requestOptions of [
        {}, { json: { token } }, { bearer: forged }, { bearer: 'x' }, { cookie: `token=${token}` },
        { bearer: String(shown) }, { cookie: `session=${shown}` }
      ]) {
        isRefused(t, await request(t, refresh, requestOptions), unauthorized)
      }
    })

    await t.test('tokens of other contracts are good here, but cannot be refreshed', async t => {
      const person = await sessionPerson(t, request)
      const json = { email: person.email, password: person.password }
      const cookieOf = (reply: Reply) => /^\w+=([^;]+)/.exec(reply.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
      for (const token of [
        (await loggedIn(server.api, person)).token,
        String((await sendRequest(server.api, 'POST /api/auth/token', { json })).body.access_token),
        cookieOf(await sendRequest(server.tasks, 'POST /auth/login', { json })),
        cookieOf(await sendRequest(server.web, 'POST /auth/login', { json }))
      ]) {
        const { body } = await request(t, 'GET /api/auth/get-session', { bearer: token })
        t.equal(body.user.id, person.userId, String(claimsOf(token).contract))
        const before = await rowOf(token)
        isRefused(t, await request(t, refresh, { bearer: token }), unauthorized)
        isRefused(t, await request(t, refresh, { cookie: `session=${token}` }), unauthorized)
        t.same(await rowOf(token), before)
      }
    })

    await t.test('of concurrent refreshes one is a step and the others are its retries', async t => {
      const { token } = await sessionPerson(t, request)
      const replies = await Promise.all(Array.from({ length: 10 }, () =>
        sendRequest(server.api, refresh, { bearer: token })))
      for (const { status, body } of replies) {
        t.equal(status, 200)
        t.equal(claimsOf(String(body.token)).gen, 1)
      }
      t.equal((await rowOf(token))?.generation, 1)
    })

    await t.test('of a refresh and a sign-out at once, the sign-out wins', async t => {
      for (let round = 0; round < 5; round += 1) {
        const { token } = await sessionPerson(t, request)
        const [refreshed] = await Promise.all([refresh, 'POST /api/auth/sign-out']
          .map(route => sendRequest(server.api, route, { bearer: token })))
        t.ok([200, 401].includes(refreshed?.status ?? 0))
        const latest = refreshed?.status === 200 ? String(refreshed.body.token) : token
        expectReply(t, await request(t, list, { bearer: latest }), 401, unauthorized)
        isRefused(t, await request(t, refresh, { bearer: latest }), sessionExpired)
      }
    })
  })
}

t.test('no session outlives SESSION_MAX_AGE, however often it is refreshed', async t => {
  const { request, age, sql } = await setUp(t, { ownDatabase: true, settings: { lifetimes: { session: 7200 } } })
  const { token } = await sessionPerson(t, request)
  await age(token, 3500)
  const { body: second } = await request(t, refresh, { bearer: token })
  t.equal(second.expiresIn, 3600)
  await age(token, 3100)
  const third = await request(t, refresh, { bearer: String(second.token) })
  const { expiresIn } = third.body
  t.ok(expiresIn <= 600 && expiresIn > 570, 'ten minutes are left')
  const last = setsCookie(t, third, 'session', sessionCookie(expiresIn))
  t.equal(Number(claimsOf(last).exp) - Number(claimsOf(last).iat), expiresIn)
  t.equal(Date.parse(third.body.session.expiresAt) - Date.parse(third.body.session.createdAt), 7200_000)
  await age(token, 600)
  isRefused(t, await request(t, refresh, { bearer: last }), sessionExpired)
  const [row] = await sql`SELECT extract(epoch FROM expires_at - created_at)::int AS age FROM sessions`
  t.equal(row?.age, 7200)
})

t.test('without a retry window at most one of concurrent refreshes is answered; the others end it', async t => {
  const { server, request } = await setUp(t, { settings: { refresh: { retryWindow: 0 } } })
  const { token } = await sessionPerson(t, request)
  const replies = await Promise.all(Array.from({ length: 10 }, () =>
    sendRequest(server.api, refresh, { bearer: token })))
  const [won, ...more] = replies.filter(({ status }) => status === 200)
  t.equal(more.length, 0)
  for (const reply of replies.filter(reply => reply !== won)) isRefused(t, reply, sessionExpired)
  // The session may have ended before the one was answered.
  isRefused(t, await request(t, refresh, { bearer: String(won?.body.token ?? token) }), sessionExpired)
})
