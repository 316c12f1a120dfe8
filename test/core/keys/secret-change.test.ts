import { randomBytes } from 'node:crypto'
import t from 'tap'
import { rejectionOf, clientInfo, signedIn } from '../../support/accounts.js'
import { secondCore } from '../../support/second-core.js'
import { buildCore } from '../../support/build.js'

/* docs/operations.md, "Changing the secret": two instances, restarted one at a time, with sessions that go on. */

t.test('the documented change of KEYTURN_SECRET ends no session and loses no key', async t => {
  const { core, settings } = await buildCore(t)
  const before = String(settings.secrets.current)
  const after = randomBytes(32).toString('base64url')
  const start = (current: string, previous?: string) => secondCore(t, settings, { secrets: { current, previous } })
  const old = () => start(before)
  const taught = () => start(before, after)
  const switched = () => start(after, before)
  const finished = () => start(after)

  const people = await Promise.all([1, 2, 3].map(() => signedIn(core)))
  let instances = [core, core]
  for (const [round, start] of [
    ['before', old], ['taught', taught], ['switched', switched], ['finished', finished]
  ] as const) {
    for (const place of [0, 1]) {
      instances = instances.with(place, await start())
      for (const [number, person] of people.entries()) {
        for (const instance of instances) {
          const { refreshToken, accessToken } = await instance.refresh.trade(person.refreshToken, clientInfo)
          Object.assign(person, { refreshToken, accessToken })
        }
        for (const instance of instances) {
          t.equal(await rejectionOf(instance, person.accessToken), null, `${round} ${place}: person ${number} goes on`)
        }
      }
      const kids = instances.map(({ keys }) => keys.list().map(({ kid }) => kid))
      t.same(kids[0], kids[1], `${round} ${place}: one set of keys`)
      t.equal(kids[0]?.length, 1)
    }
  }
  await t.rejects(old(), /KEYTURN_SECRET_PREVIOUS/, 'the old secret alone opens nothing any more')
})
