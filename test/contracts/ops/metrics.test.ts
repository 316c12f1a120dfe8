import t from 'tap'
import { build, databases } from '../../support/build.js'
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
