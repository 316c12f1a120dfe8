import t, { type Test } from 'tap'
import { secondCore, operator } from '../support/second-core.js'
import { buildForPartner, basic, type Partner } from '../support/partner.js'
import { startExampleService } from '../support/example.js'
import { post, send } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { until, waitedUntil } from '../support/until.js'

/* The three ways of docs/partners.md to know whether a token is good, and how soon each learns that it is not. */

interface Served {
  issuer: string
  partner: Partner
  form: (path: string, parameters: Record<string, string>, headers?: Record<string, string>) => ReturnType<typeof send>
}

/** Makes a way to ask whether a token is good. */
type Way = (t: Test, served: Served) => Promise<(token: string) => Promise<boolean>>

const asking: Way = async (_t, { issuer }) => async token =>
  (await post(`${issuer}/api/auth/validate-token`, { token })).status === 200

const introspecting: Way = async (_t, { form, partner }) => async token =>
  (await form('/oauth/introspect', { token }, basic(partner))).body.active as boolean

const verifying: Way = async (t, { issuer, partner }) => {
  const service = await startExampleService(t, 'local-verification.mjs', issuer, partner)
  return async token => (await send(service, { headers: { authorization: `Bearer ${token}` } })).status === 200
}

/** Checks that a token is refused in so many milliseconds; 0 is at the first question. */
async function refusedWithin (t: Test, limit: number, isGood: () => Promise<boolean>): Promise<void> {
  if (limit === 0) {
    t.equal(await isGood(), false, 'at once')
    return
  }
  const ms = await waitedUntil('the token is refused', async () => !await isGood())
  t.ok(ms <= limit, `${ms} ms`)
}

/** With how long it takes where the session was ended here, and where another process did it; milliseconds. */
for (const [name, way, here, elsewhere] of [
  ['validate-token', asking, 0, 1_000],
  ['introspection', introspecting, 0, 0],
  ['local verification with events', verifying, 1_000, 1_000]
] as const) {
  t.test(`${name}: a session that has ended is refused within ${here} ms, ${elsewhere} ms`, async t => {
    const served = await buildForPartner(t)
    const isGood = await way(t, served)
    for (let round = 0; round < 3; round += 1) {
      const person = await signedUp(served.issuer)
      t.equal(await isGood(person.token), true)
      await post(`${served.issuer}/api/auth/revoke-token`, { token: person.token })
      await refusedWithin(t, here, () => isGood(person.token))
      t.equal(await isGood(`${person.token}x`), false)
    }

    const person = await signedUp(served.issuer)
    t.equal(await isGood(person.token), true)
    const beside = await secondCore(t, served.server.settings)
    await beside.accounts.disable(person.email, operator)
    await refusedWithin(t, elsewhere, () => isGood(person.token))
  })
}

t.test('local verification: a token is checked without a call once its session is known, and never wrongly refused',
  async t => {
    const { server, issuer, partner } = await buildForPartner(t)
    const service = await startExampleService(t, 'local-verification.mjs', issuer, partner)
    const request = (token: string) => send(service, { headers: { authorization: `Bearer ${token}` } })
    const [ada, eve] = [await signedUp(issuer), await signedUp(issuer)]
    const introspections = () => server.log.filter(line => line.includes('"/oauth/introspect"')).length
    await until('the session is known', async () => {
      const before = introspections()
      t.equal((await request(ada.token)).status, 200)
      return introspections() === before
    })
    t.same((await request(ada.token)).body, { hello: ada.email })
    t.equal((await request(eve.token)).status, 200)
    await post(`${issuer}/api/auth/revoke-token`, { token: eve.token })
    await until('the other is refused', async () => (await request(eve.token)).status === 401)
    t.equal((await request(ada.token)).status, 200, 'the end of one session is not the end of another')
    t.equal((await send(service)).status, 401)

    await server.stop()
    await until('it has noticed', async () => (await request(ada.token)).status === 503, 20_000)
    t.equal((await request('x')).status, 401, 'what is surely bad is told so without asking')
  })
