import t from 'tap'
import { createOutcomes } from '../../../src/core/lib/outcomes.js'
import { unavailable } from '../../../src/core/errors.js'
import { ageRotations } from '../../support/age-rotations.js'
import { build, buildCore, databases } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { post, send } from '../../support/http.js'
import { openSql } from '../../support/open-sql.js'
import { basic, newPartner } from '../../support/partner.js'
import { signedUp } from '../../support/people.js'

for (const database of databases) {
  t.test(`an operator sees what the process does, on ${database}`, async t => {
    const { api, ops } = await build(t, { database })
    const { token, email } = await signedUp(api)
    for (let n = 0; n < 3; n += 1) await post(`${api}/api/auth/validate-token`, { token })
    const { status, headers, text } = await send(`${ops}/metrics`)
    t.equal(status, 200)
    t.match(headers.get('content-type'), /^text\/plain; version=/)
    const valueOf = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    t.equal(valueOf('keyturn_validation_cache_tokens'), 1)
    t.equal(valueOf('keyturn_validation_cache_misses_total'), 1)
    t.equal(valueOf('keyturn_validation_cache_hits_total'), 2)
    t.equal(valueOf('keyturn_revocation_feed_up'), 1)
    t.equal(valueOf('keyturn_sign_ins_in_flight'), 0)
    t.ok(valueOf('keyturn_confirmations_pending') >= 0)
    t.ok(valueOf('process_resident_memory_bytes') > 0)
    t.notMatch(text, new RegExp(`${email}|${token}`))
    t.equal((await send(`${api}/metrics`)).status, 404, 'for operators only')
    t.notMatch(text, /keyturn_feed_lag_seconds\{/, 'no client polls')
  })
}

/** The value of a series by its labels, in any order. */
function valueIn (text: string, name: string, labels: Record<string, string>): number {
  const line = text.split('\n').find(each => each.startsWith(`${name}{`) &&
    Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)))
  return Number(line?.split(' ').at(-1) ?? NaN)
}

t.test('an operator sees how sign-ins and refreshes end, and how long requests take', async t => {
  const server = await build(t, { ownDatabase: true })
  const { api, ops } = server
  const { email, password, refreshToken } = await signedUp(api)
  for (const attempt of [password, 'wrong', 'wrong as well']) {
    await post(`${api}/api/auth/login`, { email, password: attempt })
  }
  await post(`${api}/api/account/sign-in/code/verify`, { challengeId: 'x', code: '123456' })
  const { body: { data } } = await post(`${api}/api/auth/refresh-token`, { refreshToken })
  await post(`${api}/api/auth/refresh-token`, { refreshToken: data.refreshToken })
  const sql = openSql(t, server.settings)
  const [session] = await sql<{ id: string }[]>`SELECT id FROM sessions ORDER BY created_at LIMIT 1`
  await ageRotations(sql, session?.id ?? '', 86_400)
  await post(`${api}/api/auth/refresh-token`, { refreshToken })
  await post(`${api}/api/auth/refresh-token`, { refreshToken: 'x' })
  await send(`${api}/nowhere/${email}`)
  await send(`${api}/api/auth/login`, { method: 'REPORT' })

  const { text } = await send(`${ops}/metrics`)
  const partner = { contract: 'partner' }
  const signIns = (labels: object) => valueIn(text, 'keyturn_sign_ins_total', { ...labels })
  t.equal(signIns({ ...partner, method: 'password', outcome: 'succeeded' }), 2, 'also the first one')
  t.equal(signIns({ ...partner, method: 'password', outcome: 'refused', reason: 'invalid_credentials' }), 2)
  t.equal(signIns({ contract: 'account', method: 'code', outcome: 'refused', reason: 'code_wrong' }), 1)
  const refreshes = (labels: object) => valueIn(text, 'keyturn_refreshes_total', { ...partner, ...labels })
  t.equal(refreshes({ outcome: 'succeeded' }), 2)
  t.equal(refreshes({ outcome: 'refused', reason: 'malformed' }), 1)
  t.equal(refreshes({ outcome: 'refused', reason: 'reused' }), 1)
  t.match(text, /^keyturn_reuse_detected_total 1$/m)
  t.match(text, /^keyturn_revocations_total\{of="session"\} [1-9]/m)
  t.equal(valueIn(text, 'keyturn_sessions_begun_total', partner), 2)
  t.match(text, /^keyturn_hashing_queue_wait_seconds_count [4-9]/m)
  t.match(text, /^keyturn_database_deadlines_missed_total 0$/m)
  t.match(text, /^keyturn_signing_key_age_seconds \d/m)
  t.match(text, new RegExp(`^keyturn_build_info\\{version="[\\d.]+",node="${process.version}"\\} 1$`, 'm'))
  const requests = (labels: Record<string, string>) =>
    valueIn(text, 'keyturn_http_request_duration_seconds_count', labels)
  t.equal(requests({ ...partner, route: '/api/auth/login', method: 'POST', status: '2xx' }), 2)
  t.equal(requests({ ...partner, route: '/api/auth/login', method: 'POST', status: '4xx' }), 2)
  t.equal(requests({ contract: '', route: '', method: 'GET', status: '4xx' }), 1)
  t.equal(requests({ contract: '', route: '', method: '', status: '4xx' }), 1)
  t.notMatch(text, email)
})

t.test('with JWT_SECRET there is no key whose age matters', async t => {
  const { core } = await buildCore(t, { ownDatabase: true, settings: { keys: { sharedSecret: 'x'.repeat(32) } } })
  t.equal(core.metrics().signingKeyAge, 0)
})

t.test('an outage is no refusal: what could not be answered counts as failed', async t => {
  const { core } = await buildCore(t)
  const outcomes = createOutcomes<{ contract: string }>()
  const labels = { contract: 'spa' }
  await t.rejects(outcomes.of(labels, () => Promise.reject(unavailable(null))))
  await t.rejects(outcomes.of(labels, () => Promise.reject(new Error('a bug'))))
  await t.rejects(outcomes.of(labels, () => Promise.reject(new Error('another'))))
  t.strictSame(outcomes.samples(), [
    { labels: { ...labels, outcome: 'failed', reason: 'unavailable' }, value: 1 },
    { labels: { ...labels, outcome: 'failed', reason: 'internal' }, value: 2 }
  ])
  const { hashesQueued, connectionsInUse, statementsWaiting } = core.metrics()
  t.strictSame([hashesQueued, connectionsInUse, statementsWaiting], [0, 0, 0])
  const inUse = core.lifecycle.isReady()
  t.equal(core.metrics().connectionsInUse, 1)
  t.ok(await inUse)
})

t.test('an operator sees how far each polling client is behind', async t => {
  const server = await build(t, { ownDatabase: true })
  const [behind, current] = [await newPartner(server), await newPartner(server)]
  await newPartner(server)
  await post(`${server.api}/api/auth/revoke-token`, { token: (await signedUp(server.api)).token })
  const sql = openSql(t, server.settings)
  await sql`UPDATE clients SET events_from = now() - interval '1 h'`
  await sql`UPDATE audit_events SET at = ${earlier(sql, 'at', 100)}`
  await post(`${server.api}/ssf/streams`, {}, basic(behind))
  const { body } = await post(`${server.api}/oauth/events`, { returnImmediately: true }, basic(current))
  await post(`${server.api}/oauth/events`, { returnImmediately: true, ack: Object.keys(body.sets) }, basic(current))
  await server.core.securityEvents.cleanUp()
  const { text } = await send(`${server.ops}/metrics`)
  const lags = Object.fromEntries([...text.matchAll(/^keyturn_feed_lag_seconds\{client="([^"]+)"\} (\S+)$/gm)]
    .map(([, client, seconds]) => [String(client), Math.floor(Number(seconds) / 10)]))
  t.same(lags, { [behind.id]: 10, [current.id]: 0 }, 'not of those that never polled')
})
