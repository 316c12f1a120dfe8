import t from 'tap'
import { build, databases } from '../../support/build.js'
import { post, send } from '../../support/http.js'
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
  })
}
