import t, { type Test } from 'tap'
import { asker, asks, isReply } from '../../support/ask.js'
import { operator, sqlBeside } from '../../support/beside.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import type { Reply } from '../../support/http.js'
import { loggedIn } from '../../support/people.js'
import { claimsOf, setsCookie, setsNoCookie } from '../../support/set-cookie.js'
import { sessionCookie, sessionPerson, type SessionPerson } from '../../support/session-person.js'

/* Seed 000, story 3: a session is refreshed before it expires, so that its owner stays logged in. */

const refresh = 'POST /api/auth/refresh'
const list = 'GET /api/auth/list-sessions'
const unauthorized = { code: 'UNAUTHORIZED', message: 'Unauthorized' }
const sessionExpired = {
  code: 'SESSION_EXPIRED', message: 'The session has ended or was already extended; sign in again'
}

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Math.floor(Date.now() / 1000) * 1000 }
  const server = await build(t, { ...options, now: () => clock.ms })
  const sql = sqlBeside(t, server.config)
  return {
    server,
    sql,
    ask: asker(server.api, 'session'),
    pass: (seconds: number) => { clock.ms += seconds * 1000 },
    /** As if the session had begun, and been refreshed, so many seconds earlier. */
    age: (token: string, seconds: number) => sql`
      UPDATE sessions SET created_at = created_at - make_interval(secs => ${seconds}),
        rotated_at = rotated_at - make_interval(secs => ${seconds}),
        expires_at = expires_at - make_interval(secs => ${seconds})
      WHERE id = ${String(claimsOf(token).sid)}`,
    rowOf: async (token: string) => {
      const [row] = await sql`SELECT generation, expires_at, ended_at, end_reason FROM sessions
        WHERE id = ${String(claimsOf(token).sid)}`
      return row
    }
  }
}

function isRefused (t: Test, reply: Reply, body: object): void {
  isReply(t, reply, 401, body)
  setsNoCookie(t, reply)
}

for (const database of databases) {
  t.test(`seed 000, story 3, on ${database}`, async t => {
    const { server, ask, pass, age, rowOf } = await setUp(t, { database })

    await t.test('seed 000, US-003 AC-001: POST /api/auth/refresh extends the session', async t => {
      for (const credential of ['bearer', 'cookie'] as const) {
        const person = await sessionPerson(t, ask)
        await age(person.token, 1800)
        const { body: before } = await person.ask(t, 'GET /api/auth/get-session')
        const value = credential === 'cookie' ? `session=${person.token}` : person.token
        const reply = await ask(t, refresh, { [credential]: value, headers: { 'content-type': 'application/json' } })
        const { body: after } = await ask(t, 'GET /api/auth/get-session', { bearer: String(reply.body.token) })

        const moved = Date.parse(after.session.expiresAt) - Date.parse(before.session.expiresAt)
        t.ok(moved >= 1800_000 && moved < 1860_000, 'it ends half an hour later than it would have')
        t.ok(Date.parse(after.session.updatedAt) > Date.parse(before.session.updatedAt))
        t.same(after, {
          user: before.user,
          session: { ...before.session, expiresAt: after.session.expiresAt, updatedAt: after.session.updatedAt }
        })
        isReply(t, reply, 200, { token: reply.body.token, expiresIn: 3600, session: after.session, user: after.user })
      }
    })

    await t.test('seed 000, US-003 AC-002: refresh returns a new token and sets it as the cookie', async t => {
      const person = await sessionPerson(t, ask)
      pass(1200)
      const reply = await person.ask(t, refresh)
      const { token } = reply.body
      t.not(token, person.token)
      t.equal(setsCookie(t, reply, 'session', sessionCookie()), token)
      const [old, fresh] = [claimsOf(person.token), claimsOf(token)]
      t.same([fresh.sub, fresh.sid, fresh.contract], [old.sub, old.sid, 'session'])
      t.equal(fresh.gen, Number(old.gen) + 1)
      t.equal(Number(fresh.exp) - Number(old.exp), 1200)
      t.equal((await ask(t, list, { cookie: `session=${token}` })).status, 200)
      t.equal((await person.ask(t, list)).status, 200, 'a request under way with the old one is not lost')
      pass(2400)
      isReply(t, await person.ask(t, list), 401, unauthorized)
      t.equal((await ask(t, list, { bearer: token })).status, 200, 'the new one outlives the old')
      pass(-3600)
    })

    await t.test('seed 000, US-003: a session can be refreshed again and again', async t => {
      let { token } = await sessionPerson(t, ask)
      const { sid } = claimsOf(token)
      for (let generation = 1; generation <= 5; generation += 1) {
        await age(token, 3500)
        const { status, body } = await ask(t, refresh, { bearer: token })
        t.equal(status, 200)
        token = String(body.token)
        t.match(claimsOf(token), { sid, gen: generation })
      }
    })

    await t.test('seed 000, US-003: in the retry window the previous token gets the same generation', async t => {
      const person = await sessionPerson(t, ask)
      const first = String((await person.ask(t, refresh)).body.token)
      const retry = await person.ask(t, refresh)
      const again = setsCookie(t, retry, 'session', sessionCookie())
      t.equal(retry.body.token, again)
      t.equal(claimsOf(again).gen, claimsOf(first).gen)
      t.equal((await ask(t, refresh, { bearer: first })).status, 200, 'both go on')
      t.equal((await ask(t, refresh, { bearer: again })).status, 200)
    })

    await t.test('seed 000, US-003: after the retry window it cannot be refreshed, and harms nobody', async t => {
      const person = await sessionPerson(t, ask)
      const { token } = (await person.ask(t, refresh)).body
      await age(token, 7)
      t.equal((await person.ask(t, refresh)).status, 200, '7 s later')
      await age(token, 3)
      isRefused(t, await person.ask(t, refresh), sessionExpired)
      t.equal((await ask(t, list, { bearer: token })).status, 200)
      t.equal((await ask(t, refresh, { bearer: token })).status, 200, 'the session lives, and so does its next token')
      isRefused(t, await person.ask(t, refresh), sessionExpired)
    })

    await t.test('seed 000, US-003 AC-003: expired sessions cannot be refreshed', async t => {
      const person = await sessionPerson(t, ask)
      pass(3600)
      isRefused(t, await person.ask(t, refresh), sessionExpired)
      pass(-3600)
      await age(person.token, 3600)
      const before = await rowOf(person.token)
      isRefused(t, await person.ask(t, refresh), sessionExpired)
      t.same(await rowOf(person.token), before)
    })

    await t.test('seed 000, US-003 AC-003: nor those signed out or revoked, nor of closed accounts', async t => {
      const elsewhere = async ({ email, password, username }: SessionPerson) =>
        sessionPerson(t, ask, { email, password, username })
      const ends: Array<[name: string, end: (person: SessionPerson) => Promise<unknown>]> = [
        ['signed out', person => person.ask(t, 'POST /api/auth/sign-out')],
        ['revoked here', async person => (await elsewhere(person)).ask(t, 'POST /api/auth/revoke-other-sessions')],
        ['revoked by an operator', person => server.core.sessions.endAll(person.userId, 'revoked', operator)],
        ['password changed', async person => (await elsewhere(person)).ask(t, 'POST /api/auth/change-password', {
          json: { currentPassword: person.password, newPassword: 'another password' }
        })],
        ['disabled', person => server.core.accounts.disable(person.email, operator)]
      ]
      for (const [name, end] of ends) {
        const person = await sessionPerson(t, ask)
        await end(person)
        t.comment(name)
        const before = await rowOf(person.token)
        isRefused(t, await person.ask(t, refresh), sessionExpired)
        t.same(await rowOf(person.token), before)
      }
      const person = await sessionPerson(t, ask)
      await server.core.accounts.delete(person.email, operator)
      isRefused(t, await person.ask(t, refresh), unauthorized)
    })

    await t.test('seed 000, US-003: what is no token of here cannot be refreshed', async t => {
      const { token } = await sessionPerson(t, ask)
      const at = token.lastIndexOf('.') + 1
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      const { body: [{ token: shown }] } = await ask(t, list, { bearer: token })
      for (const asked of [
        {}, { json: { token } }, { bearer: forged }, { bearer: 'x' }, { cookie: `token=${token}` },
        { bearer: String(shown) }, { cookie: `session=${shown}` }
      ]) {
        isRefused(t, await ask(t, refresh, asked), unauthorized)
      }
    })

    await t.test('seed 000, US-003: tokens of other contracts are good here, but cannot be refreshed', async t => {
      const person = await sessionPerson(t, ask)
      const json = { email: person.email, password: person.password }
      const cookieOf = (reply: Reply) => /^\w+=([^;]+)/.exec(reply.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
      for (const token of [
        (await loggedIn(server.api, person)).token,
        String((await asks(server.api, 'POST /api/auth/token', { json })).body.access_token),
        cookieOf(await asks(server.tasks, 'POST /auth/login', { json })),
        cookieOf(await asks(server.web, 'POST /auth/login', { json }))
      ]) {
        t.equal((await ask(t, list, { bearer: token })).status, 200, String(claimsOf(token).contract))
        const before = await rowOf(token)
        isRefused(t, await ask(t, refresh, { bearer: token }), unauthorized)
        isRefused(t, await ask(t, refresh, { cookie: `session=${token}` }), unauthorized)
        t.same(await rowOf(token), before)
      }
    })

    await t.test('seed 000, US-003: of concurrent refreshes one is a step and the others are its retries', async t => {
      const { token } = await sessionPerson(t, ask)
      const replies = await Promise.all(Array.from({ length: 10 }, () => asks(server.api, refresh, { bearer: token })))
      for (const { status, body } of replies) {
        t.equal(status, 200)
        t.equal(claimsOf(String(body.token)).gen, 1)
      }
      t.equal((await rowOf(token))?.generation, 1)
    })

    await t.test('seed 000, US-003: of a refresh and a sign-out at once, the sign-out wins', async t => {
      for (let round = 0; round < 5; round += 1) {
        const { token } = await sessionPerson(t, ask)
        const [refreshed] = await Promise.all([refresh, 'POST /api/auth/sign-out']
          .map(route => asks(server.api, route, { bearer: token })))
        t.ok([200, 401].includes(refreshed?.status ?? 0))
        const latest = refreshed?.status === 200 ? String(refreshed.body.token) : token
        isReply(t, await ask(t, list, { bearer: latest }), 401, unauthorized)
        isRefused(t, await ask(t, refresh, { bearer: latest }), sessionExpired)
      }
    })
  })
}

t.test('seed 000, US-003: no session outlives SESSION_MAX_AGE, however often it is refreshed', async t => {
  const { ask, age, sql } = await setUp(t, { settings: { SESSION_MAX_AGE: 7200 } })
  const { token } = await sessionPerson(t, ask)
  await age(token, 3500)
  const { body: second } = await ask(t, refresh, { bearer: token })
  t.equal(second.expiresIn, 3600)
  await age(token, 3100)
  const third = await ask(t, refresh, { bearer: String(second.token) })
  const { expiresIn } = third.body
  t.ok(expiresIn <= 600 && expiresIn > 570, 'ten minutes are left')
  const last = setsCookie(t, third, 'session', sessionCookie(expiresIn))
  t.equal(Number(claimsOf(last).exp) - Number(claimsOf(last).iat), expiresIn)
  t.equal(Date.parse(third.body.session.expiresAt) - Date.parse(third.body.session.createdAt), 7200_000)
  await age(token, 600)
  isRefused(t, await ask(t, refresh, { bearer: last }), sessionExpired)
  const [row] = await sql`SELECT extract(epoch FROM expires_at - created_at)::int AS age FROM sessions`
  t.equal(row?.age, 7200)
})

t.test('seed 000, US-003: without a retry window exactly one of concurrent refreshes is answered', async t => {
  const { server, ask } = await setUp(t, { settings: { REFRESH_RETRY_WINDOW: 0 } })
  const { token } = await sessionPerson(t, ask)
  const replies = await Promise.all(Array.from({ length: 10 }, () => asks(server.api, refresh, { bearer: token })))
  const [won, ...more] = replies.filter(({ status }) => status === 200)
  t.equal(more.length, 0)
  for (const reply of replies.filter(reply => reply !== won)) isRefused(t, reply, sessionExpired)
  t.equal((await ask(t, refresh, { bearer: String(won?.body.token) })).status, 200, 'its token goes on')
})
