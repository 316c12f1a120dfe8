import t from 'tap'
import { build, buildSettings } from '../support/build.js'
import { post } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { noPgbouncer, throughPgbouncer } from '../support/pgbouncer.js'
import { postgresDatabase } from '../support/test-database.js'
import { waitedUntil } from '../support/until.js'

t.test('everything works through PgBouncer in transaction mode, from an empty database on', { skip: noPgbouncer },
  async t => {
    const url = await throughPgbouncer(t, await postgresDatabase(t, 'template0'))
    const settings = await buildSettings(t, { settings: { database: { url } } })
    const one = await build(t, { settings })
    const other = await build(t, { settings })
    const people: Array<Awaited<ReturnType<typeof signedUp>>> = []
    while (people.length < 20) people.push(await signedUp(one.api))
    for (let round = 0; round < 5; round += 1) {
      const replies = await Promise.all(people.map(({ refreshToken }, n) =>
        post(`${n % 2 === 0 ? one.api : other.api}/api/auth/refresh-token`, { refreshToken })))
      t.same(new Set(replies.map(({ status }) => status)), new Set([200]), `round ${round}`)
      people.forEach((person, n) => Object.assign(person, replies[n]?.body.data))
    }
    const [{ token, refreshToken } = { token: '', refreshToken: '' }] = people
    const validate = async (api: string) => (await post(`${api}/api/auth/validate-token`, { token })).status
    t.equal(await validate(other.api), 200)
    const same = await Promise.all(Array.from({ length: 50 }, () =>
      post(`${one.api}/api/auth/refresh-token`, { refreshToken })))
    // They wait for one row: on a busy machine some for longer than a statement may.
    t.ok(same.every(({ status }) => status === 200 || status === 503))
    const successors = same.filter(({ status }) => status === 200).map(({ body }) => body.data.refreshToken as string)
    t.equal(new Set(successors).size, 1, 'one successor')

    await post(`${one.api}/api/auth/revoke-token`, { token })
    const ms = await waitedUntil('the other refuses it', async () => await validate(other.api) === 401)
    t.ok(ms <= 1_000, `without NOTIFY: ${ms} ms`)
  })
