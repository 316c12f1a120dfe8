import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { clientInfo } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { openSql } from '../../support/open-sql.js'
import { secondCore, operator } from '../../support/second-core.js'
import { databases } from '../../support/build.js'
import { post, send } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { basic, buildForPartner, newPartner, poll, type Partner } from '../../support/partner.js'
import { until } from '../../support/until.js'
import { loggedIn, registered, signedUp } from '../../support/people.js'
import { claimsOf } from '../../support/security-events.js'
import { earlier } from '../../support/earlier.js'

const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const now = { returnImmediately: true }

/** Polls and acknowledges; returns the signed events. */
async function takeAll (issuer: string, partner: Partner): Promise<string[]> {
  const { sets } = await poll(issuer, partner, now)
  await poll(issuer, partner, { ...now, ack: Object.keys(sets) })
  return Object.values(sets)
}

for (const database of databases) {
  t.test(`a partner that waits gets a sign-out when it happens, on ${database}`, async t => {
    const { issuer, as, partner } = await buildForPartner(t, { database })
    const { token } = await signedUp(issuer)
    t.same(await poll(issuer, partner, now), { sets: {}, moreAvailable: false })

    const waiting = poll(issuer, partner, {})
    await delay(100)
    await post(`${issuer}/api/auth/revoke-token`, { token })
    // A poll that nothing wakes ends without an event.
    const { sets, moreAvailable } = await waiting
    t.equal(moreAvailable, false)

    const [[jti, set] = ['', '']] = Object.entries(sets)
    const { payload } = await jwtVerify(set, createRemoteJWKSet(new URL(as.jwks_uri ?? '')), {
      issuer, audience: partner.audience, typ: 'secevent+jwt'
    })
    const { sub, sid } = claimsOf(token)
    t.match(payload, {
      jti,
      sub_id: {
        format: 'complex', user: { format: 'iss_sub', iss: issuer, sub }, session: { format: 'opaque', id: sid }
      },
      events: { [`${caep}/session-revoked`]: { initiating_entity: 'user', event_timestamp: Number } }
    })
    t.notOk('sub' in payload || 'exp' in payload, 'it cannot be taken for an access token (RFC 8417 2.2, 4.5)')
    t.equal((await post(`${issuer}/api/auth/validate-token`, { token: set })).status, 401)

    t.same(Object.keys((await poll(issuer, partner, now)).sets), [jti], 'until it is acknowledged it is sent again')
    t.same((await poll(issuer, partner, { ...now, ack: [jti] })).sets, {})
    t.same((await poll(issuer, partner, now)).sets, {})
  })
}

t.test('partners get an event for every end of a session, each by its kind', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const { core } = server
  const told = async () => (await takeAll(issuer, partner)).map(claimsOf)
  const person = await registered(issuer)
  const { id = '' } = await core.accounts.findByEmail(person.email) ?? {}
  const signIn = () => loggedIn(issuer, person)
  const user = { format: 'iss_sub', iss: issuer, sub: id }
  const of = (token: string) => ({
    format: 'complex', user, session: { format: 'opaque', id: claimsOf(token).sid }
  })
  const revoked = (entity: string) => ({ [`${caep}/session-revoked`]: { initiating_entity: entity } })

  const reused = await signIn()
  const successor = await core.refresh.trade(reused.refreshToken, operator)
  await core.refresh.trade(successor.refreshToken, operator)
  await ageRotations(openSql(t, server.settings), String(claimsOf(reused.token).sid), 10)
  await t.rejects(core.refresh.trade(reused.refreshToken, operator))
  t.match(await told(), [{ sub_id: of(reused.token), events: revoked('policy') }])

  const [first, second] = [await signIn(), await signIn()]
  await core.sessions.end(id, String(claimsOf(first.token).sid), 'revoked', operator)
  t.match(await told(), [{ sub_id: of(first.token), events: revoked('admin') }])
  for (const [actor, entity] of [['cli:root', 'admin'], ['admin_token', 'admin'], ['client:x', 'system']] as const) {
    const another = await signIn()
    await core.sessions.end(id, String(claimsOf(another.token).sid), 'revoked', { ...operator, actor })
    t.match(await told(), [{ sub_id: of(another.token), events: revoked(entity) }], actor)
  }

  const keeper = await signIn()
  const { body: { token: bearer } } = await post(`${issuer}/api/auth/sign-in/email`, {
    email: person.email, password: person.password
  })
  const changed = await post(`${issuer}/api/auth/change-password`, {
    currentPassword: person.password, newPassword: 'another good password', revokeOtherSessions: true
  }, { authorization: `Bearer ${bearer}` })
  t.equal(changed.status, 200)
  const events = await told()
  t.equal(events.length, 4)
  t.match(events.find(({ events }) => `${caep}/credential-change` in (events as object)), {
    sub_id: user,
    events: { [`${caep}/credential-change`]: { credential_type: 'password', change_type: 'update' } }
  })
  for (const token of [second.token, keeper.token, String(bearer)]) {
    t.ok(events.some(({ sub_id: subject }) => JSON.stringify(subject).includes(String(claimsOf(token).sid))))
  }

  await core.accounts.disable(person.email, operator)
  t.match(await told(), [{ sub_id: user, events: revoked('admin') }])
  await core.accounts.enable(person.email, operator)
  t.same(await told(), [], 'what ends nothing is not told')
  await core.accounts.delete(person.email, operator)
  t.match(await told(), [{ sub_id: user, events: revoked('admin') }])
})

t.test('a partner takes events in portions, refuses what it cannot read, and each partner for itself', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  for (let session = 0; session < 3; session += 1) {
    await post(`${issuer}/api/auth/revoke-token`, { token: (await signedUp(issuer)).token })
  }
  const [late, other] = [await newPartner(server), partner]
  t.same((await poll(issuer, late, now)).sets, {}, 'what was before a client is not told to it')

  const reply = await post(`${issuer}/oauth/events`, { maxEvents: 2 }, basic(other))
  matchesOpenapi(t, 'oauth', 'POST /oauth/events', reply)
  t.equal(reply.headers.get('cache-control'), 'no-store')
  const names = Object.keys(reply.body.sets as object)
  t.equal(names.length, 2)
  t.equal(reply.body.moreAvailable, true)
  t.same(await poll(issuer, other, { maxEvents: 0, ack: [names[0]] }), { sets: {}, moreAvailable: true })

  const [, refused = ''] = names
  const rest = await poll(issuer, other, {
    ...now, ack: ['no such event', randomUUID()], setErrs: { [refused]: { err: 'invalid_key', description: 'x' } }
  })
  t.equal(Object.keys(rest.sets).length, 1)
  t.notOk(refused in rest.sets)
  t.ok(server.log.some(line => line.includes('a partner refuses events') && line.includes('invalid_key')))
})

t.test('an event older than the longest token is not sent, and one that commits late is', async t => {
  const { server, issuer, partner } = await buildForPartner(t, { ownDatabase: true })
  const sql = openSql(t, server.settings)
  const add = async (age: string) => sql`
    INSERT INTO audit_events (account_id, event, at)
    VALUES (${randomUUID()}, 'signed_out', now() - ${age}::text::interval)`
  await sql`UPDATE clients SET events_from = now() - interval '30 days'`
  const count = async () => Object.keys((await poll(issuer, partner, now)).sets).length
  await add('8 days')
  t.equal(await count(), 0)
  await add('6 days')
  t.equal(await count(), 1)

  await server.core.securityEvents.cleanUp()
  t.equal(await count(), 1, 'what is not acknowledged is kept')
  await takeAll(issuer, partner)
  await add('30 seconds')
  await takeAll(issuer, partner)
  await server.core.securityEvents.cleanUp()
  const beginning = async () => (await sql<[{ age: number }]>`
    SELECT extract(epoch FROM now() - events_from)::float8 AS age FROM clients`)[0].age
  t.ok(Math.abs(await beginning() - 60) < 5, 'all is settled but what may still be under way')
  await server.core.securityEvents.cleanUp()
  t.equal((await sql`SELECT 1 FROM event_acknowledgements`).length, 2, 'given just now')
  await sql`UPDATE event_acknowledgements SET at = ${earlier(sql, 'at', 120)}`
  await server.core.securityEvents.cleanUp()
  t.same(await sql`SELECT 1 FROM event_acknowledgements`, [])
  await add('45 seconds')
  t.equal(await count(), 2, 'found behind younger ones')
})

t.test('waiting ends with the server, and with the partner\'s patience', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const impatient = AbortSignal.timeout(200)
  await t.rejects(fetch(`${issuer}/oauth/events`, {
    method: 'POST', body: '{}', signal: impatient, headers: { 'content-type': 'application/json', ...basic(partner) }
  }))
  const waiting = poll(issuer, partner, {})
  await delay(300)
  const began = performance.now()
  const [reply] = await Promise.all([waiting, server.stop()])
  t.same(reply.sets, {})
  t.ok(performance.now() - began < 5_000)
})

t.test('of many polls of a client few wait at once; other clients and polls are served', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const other = await newPartner(server, { audience: 'https://other.example' })
  const leaving = new AbortController()
  const polls = Array.from({ length: 5 }, () => send(`${issuer}/oauth/events`, {
    method: 'POST',
    body: '{}',
    signal: leaving.signal,
    headers: { 'content-type': 'application/json', ...basic(partner) }
  }))
  const refused = await Promise.race(polls)
  t.match(refused, { status: 429, body: { error: 'too_many_polls' } })
  t.equal(refused.headers.get('retry-after'), '1')
  matchesOpenapi(t, 'oauth', 'POST /oauth/events', refused)
  t.same(await poll(issuer, partner, now), { sets: {}, moreAvailable: false })
  const [served] = await Promise.all([poll(issuer, other, {}), post(`${issuer}/api/auth/revoke-token`, {
    token: (await signedUp(issuer)).token
  })])
  t.equal(Object.keys(served.sets).length, 1)
  leaving.abort()
  await Promise.allSettled(polls)
  await until('there is room again', async () =>
    (await post(`${issuer}/oauth/events`, {}, basic(partner))).status === 200)
})

t.test('a client that is removed while it waits gets no further event', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const { token } = await signedUp(issuer)
  const beside = await secondCore(t, server.settings)
  const waiting = poll(issuer, partner, {})
  await delay(100)
  await beside.partners.clients.remove(partner.id, clientInfo)
  await post(`${issuer}/api/auth/revoke-token`, { token })
  t.same((await waiting).sets, {})
  t.equal((await post(`${issuer}/oauth/events`, {}, basic(partner))).status, 401)
})

t.test('other methods of authentication, bad polls, and a server without public keys', async t => {
  const { issuer, partner: { id, secret } } = await buildForPartner(t)
  const body = { ...now, client_id: id, client_secret: secret }
  t.equal((await post(`${issuer}/oauth/events`, body)).status, 200)
  for (const bad of [{ maxEvents: -1 }, { ack: 'x' }, { setErrs: { a: 1 } }, { returnImmediately: 'yes' }]) {
    const reply = await post(`${issuer}/oauth/events`, { ...body, ...bad })
    t.match(reply, { status: 400, body: { error: 'invalid_request' } }, JSON.stringify(bad))
    matchesOpenapi(t, 'oauth', 'POST /oauth/events', reply)
  }

  const sharedSecret = randomBytes(48).toString('base64url')
  const shared = await buildForPartner(t, { settings: { keys: { sharedSecret } } })
  const reply = await post(`${shared.issuer}/oauth/events`, now, basic(shared.partner))
  t.match(reply, { status: 404, body: { error: 'not_found', error_description: /shared secret/ } })
  matchesOpenapi(t, 'oauth', 'POST /oauth/events', reply)
})
