import { randomBytes, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { clientInfo } from '../../support/accounts.js'
import { databases } from '../../support/build.js'
import { post, send, type Reply } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { mailboxOf } from '../../support/mailbox.js'
import { openSql } from '../../support/open-sql.js'
import { basic, buildForPartner, newPartner, poll, type Partner } from '../../support/partner.js'
import { signedUp, registered } from '../../support/people.js'
import { operator } from '../../support/second-core.js'
import { claimsOf, typesOf } from '../../support/security-events.js'

const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const risc = 'https://schemas.openid.net/secevent/risc/event-type'
const sessionRevoked = `${caep}/session-revoked`
const now = { returnImmediately: true }
const routes = [
  ['POST', '/oauth/events'], ['POST', '/ssf/streams'], ['GET', '/ssf/streams'], ['PATCH', '/ssf/streams'],
  ['DELETE', '/ssf/streams'], ['GET', '/ssf/streams/status'], ['POST', '/ssf/streams/status'],
  ['POST', '/ssf/subjects/add'], ['POST', '/ssf/subjects/remove'], ['POST', '/ssf/verify']
] as const

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
type Caller = (method: Method, path: string, body?: object) => Promise<Reply>

/** Sends requests as a receiver; every reply is as the document says. */
function callerOf (t: Test, issuer: string, headers: Record<string, string>): Caller {
  return async (method, path, body) => {
    const reply = await send(issuer + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (reply.status !== 204) matchesOpenapi(t, 'oauth', `${method} ${path.split('?')[0]}`, reply)
    return reply
  }
}

async function withStream (t: Test, issuer: string, partner: Partner, configuration: object = {}) {
  const call = callerOf(t, issuer, basic(partner))
  const { status, body } = await call('POST', '/ssf/streams', configuration)
  t.equal(status, 201)
  return { call, streamId: String(body.stream_id) }
}

for (const database of databases) {
  t.test(`a receiver creates, reads, changes and deletes its one stream, on ${database}`, async t => {
    const { issuer, partner } = await buildForPartner(t, { database })
    const call = callerOf(t, issuer, basic(partner))
    t.same((await call('GET', '/ssf/streams')).body, [])

    const { body: { stream_id: streamId, ...created }, status } = await call('POST', '/ssf/streams', {
      events_requested: [sessionRevoked, 'https://example.com/unknown'], description: 'ours'
    })
    t.equal(status, 201)
    t.match(created, {
      iss: issuer,
      aud: partner.audience,
      delivery: { method: 'urn:ietf:rfc:8936', endpoint_url: `${issuer}/oauth/events` },
      events_requested: [sessionRevoked, 'https://example.com/unknown'],
      events_delivered: [sessionRevoked],
      min_verification_interval: 60,
      description: 'ours'
    })
    t.equal(created.events_supported.length, 5)
    t.match(await call('POST', '/ssf/streams', {}), { status: 409, body: { error: 'stream_exists' } })

    t.same((await call('GET', `/ssf/streams?stream_id=${streamId}`)).body, { stream_id: streamId, ...created })
    t.same((await call('GET', '/ssf/streams')).body, [{ stream_id: streamId, ...created }])
    const { body: changed } = await call('PATCH', '/ssf/streams', {
      stream_id: streamId, events_requested: [`${risc}/account-purged`], delivery: { method: 'urn:ietf:rfc:8936' }
    })
    t.match(changed, { events_delivered: [`${risc}/account-purged`], description: 'ours' })
    t.same((await call('PATCH', '/ssf/streams', { stream_id: streamId })).body, changed)
    t.match(await call('PATCH', '/ssf/streams', {
      stream_id: streamId, delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://sesh.example' }
    }), { status: 400, body: { error_description: 'delivery.method must be urn:ietf:rfc:8936' } }, 'nothing is pushed')

    for (const unknown of [randomUUID(), 'x']) {
      for (const reply of [
        await call('GET', `/ssf/streams?stream_id=${unknown}`),
        await call('PATCH', '/ssf/streams', { stream_id: unknown, description: 'x' }),
        await call('DELETE', `/ssf/streams?stream_id=${unknown}`),
        await call('GET', `/ssf/streams/status?stream_id=${unknown}`),
        await call('POST', '/ssf/streams/status', { stream_id: unknown, status: 'paused' }),
        await call('POST', '/ssf/verify', { stream_id: unknown })
      ]) t.match(reply, { status: 404, body: { error: 'not_found' } })
    }
    t.equal((await call('DELETE', `/ssf/streams?stream_id=${streamId}`)).status, 204)
    t.same((await call('GET', '/ssf/streams')).body, [])
    t.equal((await call('POST', '/ssf/streams', {})).status, 201)
  })
}

t.test('partners get what happens to an account beside the end of its sessions, each to be acknowledged', async t => {
  const { server: { core }, issuer, partner } = await buildForPartner(t)
  const { email } = await registered(issuer)
  const { id = '' } = await core.accounts.findByEmail(email) ?? {}
  await core.accounts.disable(email, operator)
  await core.accounts.delete(email, operator)

  const { sets } = await poll(issuer, partner, now)
  const user = { format: 'iss_sub', iss: issuer, sub: id }
  const claims = Object.values(sets).map(claimsOf)
  t.same(claims.map(typesOf), [
    [sessionRevoked], [`${risc}/account-disabled`], [sessionRevoked], [`${risc}/account-purged`]
  ])
  for (const each of claims) t.match(each, { sub_id: user, toe: Number, jti: String })

  const [first = '', second = '', ...others] = Object.keys(sets)
  t.same(Object.keys((await poll(issuer, partner, { ...now, ack: [first, ...others] })).sets), [second])
  t.same((await poll(issuer, partner, { ...now, ack: [second] })).sets, {})
})

t.test('a changed address is an event without an address; who ends a session is in its event', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const { email, password, token } = await signedUp(issuer)
  const account = await server.core.accounts.findByEmail(email)
  const { emailLinks } = server.core
  const newEmail = `new-${email}`
  await emailLinks.requestEmailChange({ accountId: String(account?.id), newEmail, proof: { password } }, clientInfo)
  const mail = await mailboxOf(server.settings).next(newEmail, 'change-email')
  await emailLinks.changeEmail({ token: mail.token }, clientInfo)
  const { status } = await send(`${issuer}/oauth/revoke`, {
    method: 'POST', body: new URLSearchParams({ token }), headers: basic(partner)
  })
  t.equal(status, 200)
  const { sets } = await poll(issuer, partner, now)
  t.match(Object.values(sets).map(claimsOf), [
    { sub_id: { format: 'iss_sub', sub: account?.id }, events: { [`${risc}/identifier-changed`]: {} } },
    { sub_id: { format: 'complex' }, events: { [sessionRevoked]: { initiating_entity: 'system' } } }
  ])
  t.notMatch(Object.values(sets).map(set => JSON.stringify(claimsOf(set))).join(), '@')
})

t.test('a record of version 0.1 has no actor, and its event the entity of its kind', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  await openSql(t, server.settings)`
    INSERT INTO audit_events (account_id, event) VALUES (${randomUUID()}, 'refresh_token_reused')`
  const [set = ''] = Object.values((await poll(issuer, partner, now)).sets)
  t.match(claimsOf(set).events, { [sessionRevoked]: { initiating_entity: 'policy' } })
})

t.test('a stream sends the types that were asked for; without it all are sent again', async t => {
  const { server: { core }, issuer, partner } = await buildForPartner(t)
  const types = async () =>
    Object.values((await poll(issuer, partner, now)).sets).flatMap(set => typesOf(claimsOf(set)))
  const { call, streamId } = await withStream(t, issuer, partner, { events_requested: [`${risc}/account-disabled`] })
  const { email } = await registered(issuer)
  await core.accounts.disable(email, operator)
  t.same(await types(), [`${risc}/account-disabled`])
  await call('PATCH', '/ssf/streams', { stream_id: streamId, events_requested: [] })
  t.same(await types(), [])
  await call('DELETE', `/ssf/streams?stream_id=${streamId}`)
  t.same(await types(), [sessionRevoked, `${risc}/account-disabled`])
})

t.test('a paused stream keeps its events for later, a disabled one does not', async t => {
  const { issuer, partner } = await buildForPartner(t)
  const { call, streamId } = await withStream(t, issuer, partner)
  const setStatus = async (status: string, reason?: string) => {
    const reply = await call('POST', '/ssf/streams/status', { stream_id: streamId, status, reason })
    t.same(reply.body, { stream_id: streamId, status, ...(reason !== undefined && { reason }) })
    t.same((await call('GET', `/ssf/streams/status?stream_id=${streamId}`)).body, reply.body)
  }
  const endOne = async () => post(`${issuer}/api/auth/revoke-token`, { token: (await signedUp(issuer)).token })
  const count = async () => Object.keys((await poll(issuer, partner, now)).sets).length

  await setStatus('paused', 'maintenance')
  await endOne()
  t.equal(await count(), 0)
  await setStatus('enabled')
  t.equal(await count(), 1)
  await setStatus('disabled')
  await endOne()
  t.equal(await count(), 0)
  await setStatus('enabled')
  t.equal(await count(), 0)
  await endOne()
  t.equal(await count(), 1)
  t.match(await call('POST', '/ssf/streams/status', { stream_id: streamId, status: 'off' }), {
    status: 400, body: { error_description: 'status must be disabled or enabled or paused' }
  })
})

t.test('a removed subject sends nothing more until it is added again', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const { call, streamId } = await withStream(t, issuer, partner)
  const other = await newPartner(server)
  const people = await Promise.all([signedUp(issuer), signedUp(issuer), signedUp(issuer)])
  const [account, session] = people.map(({ token }) => claimsOf(token))
  const user = (sub: unknown) => ({ format: 'iss_sub', iss: issuer, sub })
  const subjects = [
    user(account?.sub),
    { format: 'complex', user: user(session?.sub), session: { format: 'opaque', id: session?.sid } }
  ]
  for (const subject of subjects) {
    t.equal((await call('POST', '/ssf/subjects/remove', { stream_id: streamId, subject })).status, 204)
  }
  for (const { token } of people) await post(`${issuer}/api/auth/revoke-token`, { token })
  const count = async (of: Partner) => Object.keys((await poll(issuer, of, now)).sets).length
  t.equal(await count(partner), 1)
  t.equal(await count(other), 3, 'of others it says nothing')
  for (const subject of subjects) {
    const reply = await call('POST', '/ssf/subjects/add', { stream_id: streamId, subject, verified: true })
    t.same(reply.body, {})
  }
  t.equal(await count(partner), 3)

  const own = user(account?.sub)
  for (const subject of [
    { ...own, iss: 'https://other.example' }, { ...own, sub: 'x' }, { format: 'iss_sub' },
    { format: 'email', email: 'ann@example.com' }, { format: 'complex', session: { format: 'opaque', id: 'x' } },
    { format: 'complex', user: own, session: { format: 'opaque', id: 'x' } }, { format: 'complex', user: own }
  ]) {
    const reply = await call('POST', '/ssf/subjects/remove', { stream_id: streamId, subject })
    t.match(reply, { status: 400, body: { error: 'invalid_request', error_description: /^subject / } })
  }
  const subject = { stream_id: randomUUID(), subject: own }
  t.equal((await call('POST', '/ssf/subjects/add', subject)).status, 404)
  t.equal((await call('POST', '/ssf/subjects/remove', subject)).status, 404)

  await openSql(t, server.settings)`
    INSERT INTO removed_subjects (client_id, account_id, session_id)
    SELECT ${partner.id}, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 10000)`
  t.match(await call('POST', '/ssf/subjects/remove', { stream_id: streamId, subject: own }), {
    status: 403, body: { error: 'subject_limit_reached' }
  })
})

t.test('a verification event comes through the stream with its state, at most once a minute', async t => {
  const { server, issuer, partner } = await buildForPartner(t)
  const { call, streamId } = await withStream(t, issuer, partner)
  const waiting = poll(issuer, partner, {})
  t.equal((await call('POST', '/ssf/verify', { stream_id: streamId, state: 'abc' })).status, 204)
  const [[jti, set] = ['', '']] = Object.entries((await waiting).sets)
  const type = 'https://schemas.openid.net/secevent/ssf/event-type/verification'
  t.match(claimsOf(set), { jti, sub_id: { format: 'opaque', id: streamId }, events: { [type]: { state: 'abc' } } })
  t.same(await poll(issuer, partner, { ...now, maxEvents: 0 }), { sets: {}, moreAvailable: true })
  t.same((await poll(issuer, partner, { ...now, ack: [jti] })).sets, {})

  const again = await call('POST', '/ssf/verify', { stream_id: streamId })
  t.match(again, { status: 429, body: { error: 'too_many_verifications' } })
  t.equal(again.headers.get('retry-after'), '60')
  await openSql(t, server.settings)`UPDATE event_streams SET verified_at = now() - interval '61 s'`
  t.equal((await call('POST', '/ssf/verify', { stream_id: streamId })).status, 204)
  const [plain = ''] = Object.values((await poll(issuer, partner, now)).sets)
  t.same(claimsOf(plain).events, { [type]: {} })
})

t.test('a token of the client itself is as good as its secret, and no other token is', async t => {
  let clock = Date.now()
  const { server, issuer, partner, form } = await buildForPartner(t, { now: () => clock })
  const bearerOf = async (of: Partner, parameters: Record<string, string> = { grant_type: 'client_credentials' }) => {
    const { body } = await form('/oauth/token', parameters, basic(of))
    return { authorization: `Bearer ${body.access_token}` }
  }
  const headers = await bearerOf(partner)
  const call = callerOf(t, issuer, headers)
  const { body } = await call('POST', '/ssf/streams', {})
  t.equal((await call('DELETE', `/ssf/streams?stream_id=${body.stream_id}`)).status, 204)
  t.equal((await call('POST', '/oauth/events', now)).status, 200)

  const { token } = await signedUp(issuer)
  const removed = await newPartner(server)
  const ofRemoved = await bearerOf(removed)
  await server.core.partners.clients.remove(removed.id, clientInfo)
  const moved = await newPartner(server)
  const ofMoved = await bearerOf(moved)
  await openSql(t, server.settings)`UPDATE clients SET audience = 'https://moved.example' WHERE id = ${moved.id}`
  const exchanged = await bearerOf(partner, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token'
  })
  clock += 2 * 3_600_000
  for (const [why, refused] of Object.entries({
    user: { authorization: `Bearer ${token}` },
    exchanged,
    expired: headers,
    removed: ofRemoved,
    moved: ofMoved,
    none: { authorization: 'Bearer x' }
  })) {
    if (why !== 'expired') clock -= 2 * 3_600_000
    const reply = await callerOf(t, issuer, refused)('GET', '/ssf/streams')
    if (why !== 'expired') clock += 2 * 3_600_000
    t.match(reply, { status: 401, body: { error: 'invalid_token' } }, why)
    t.match(reply.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/)
  }
})

t.test('every route asks for the client, the grant events, and a server with public keys', async t => {
  const { server, issuer } = await buildForPartner(t)
  const without = await newPartner(server, { permissions: ['introspect'] })
  const request = {
    stream_id: randomUUID(), status: 'paused', subject: { format: 'iss_sub', iss: issuer, sub: randomUUID() }
  }
  const send = (call: Caller, [method, path]: typeof routes[number]) =>
    call(method, method === 'POST' || method === 'PATCH' ? path : `${path}?stream_id=x`,
      method === 'POST' || method === 'PATCH' ? request : undefined)
  for (const route of routes) {
    t.match(await send(callerOf(t, issuer, {}), route), {
      status: 401, body: { error: 'invalid_client' }
    }, route.join(' '))
    t.match(await send(callerOf(t, issuer, basic(without)), route), {
      status: 400, body: { error: 'unauthorized_client' }
    }, route.join(' '))
  }
  const sharedSecret = randomBytes(48).toString('base64url')
  const shared = await buildForPartner(t, { settings: { keys: { sharedSecret } } })
  for (const route of routes) {
    t.match(await send(callerOf(t, shared.issuer, basic(shared.partner)), route), {
      status: 404, body: { error_description: /shared secret/ }
    }, route.join(' '))
  }
  t.equal((await callerOf(t, shared.issuer, {})('GET', '/.well-known/ssf-configuration')).status, 404)
})

t.test('the configuration of the transmitter names routes that exist', async t => {
  const { issuer, partner } = await buildForPartner(t)
  const { body } = await callerOf(t, issuer, {})('GET', '/.well-known/ssf-configuration')
  t.match(body, { spec_version: '1_0', issuer, default_subjects: 'ALL' })
  for (const [name, url] of Object.entries<string>(body).filter(([name]) => name.endsWith('_endpoint'))) {
    t.equal((await post(url, { stream_id: 1, description: 1 }, basic(partner))).body.error, 'invalid_request', name)
  }
})
