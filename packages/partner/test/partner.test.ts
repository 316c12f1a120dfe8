import t from 'tap'
import { databases } from '../../../test/support/build.js'
import { post } from '../../../test/support/http.js'
import { buildForPartner } from '../../../test/support/partner.js'
import { signedUp } from '../../../test/support/people.js'
import { operator } from '../../../test/support/second-core.js'
import { until, waitedUntil } from '../../../test/support/until.js'
import { createPartner } from '../src/index.js'

for (const database of databases) {
  t.test(`a sign-out is refused within a second, and a known session costs no request, on ${database}`, async t => {
    const { issuer, partner: client, server } = await buildForPartner(t, { database })
    const { id: clientId, secret: clientSecret, audience } = client
    const requests: string[] = []
    const counting: typeof fetch = (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      if (pathname !== '/oauth/events') requests.push(pathname)
      return fetch(input, init)
    }
    const partner = createPartner({ issuer, clientId, clientSecret, fetch: counting })
    t.teardown(partner.close)
    await until('the feed is current', () => partner.health().feed === 'current')
    const { email, token } = await signedUp(issuer)

    const account = await partner.verify(token)
    t.match(account, { id: account.claims.sub, sessionId: account.claims.sid, email, scopes: [], clientId: undefined })
    const before = requests.length
    await partner.verify(token)
    t.equal(requests.length, before)
    t.match(partner.health(), { lastEventAt: null, acceptedUncertain: 0 })

    t.equal((await post(`${issuer}/api/auth/revoke-token`, { token })).status, 200)
    const isRefused = (bearer: string) => partner.verify(bearer).then(() => false, ({ reason }) => reason === 'ended')
    const ms = await waitedUntil('it is refused', () => isRefused(token))
    t.ok(ms <= 1_000, `${ms} ms`)
    t.equal(requests.length, before, 'the event says so')
    t.match(partner.health().lastEventAt, Date)

    const another = createPartner({ issuer, clientId, clientSecret })
    await t.rejects(another.verify(token), { message: /session of the token has ended/ }, 'at first sight, too')
    // What one of two with the same client acknowledges, the other does not get.
    await another.close()

    const person = await signedUp(issuer)
    await partner.verify(person.token)
    await server.core.accounts.disable(person.email, operator)
    await until('it is refused', () => isRefused(person.token))

    const user = await signedUp(issuer)
    const exchanged = await partner.exchange(user.token, { scope: 'sessions:read' })
    t.match(exchanged, { expiresIn: Number, scope: 'sessions:read' })
    await t.rejects(partner.verify(exchanged.accessToken), { message: /another service/ })
    const ofService = createPartner({ issuer, clientId, clientSecret, audience })
    t.teardown(ofService.close)
    t.match(await ofService.verify(exchanged.accessToken), { clientId, scopes: ['sessions:read'] })
    await t.rejects(ofService.verify(user.token), { message: /another service/ })
    await t.rejects(partner.exchange(user.token, { scope: 'all' }), { message: /may not have this/ })
  })
}
