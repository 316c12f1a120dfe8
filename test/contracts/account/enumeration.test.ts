import { randomUUID } from 'node:crypto'
import t from 'tap'
import { build, databases } from '../../support/build.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson } from '../../support/people.js'
import { sendRequest } from '../../support/requester.js'

/* No route that sends a mail tells whether an account has the address: replies, rows and limits are the same. */

const routes = ['password-reset', 'email-verification', 'sign-in/code', 'sign-in/link']

for (const database of databases) {
  t.test(`addresses with and without an account on ${database}`, async t => {
    const server = await build(t, { database, settings: { mailLimits: { maxPerAddress: 2 } } })
    const sql = openSql(t, server.settings)
    const ask = (path: string, email: string) =>
      sendRequest(server.api, `POST /api/account/${path}`, { json: { email } })
    const withoutChance = (text: string) => text.replace(/"challengeId":"[\w-]+"/, '"challengeId":"…"')

    for (const path of routes) {
      await t.test(path, async t => {
        const known = newPerson()
        await sendRequest(server.api, 'POST /api/auth/register', { json: known })
        const unknown = `${randomUUID()}@example.com`
        const before = await sql`SELECT FROM challenges`
        const replies = []
        for (const email of [known.email, unknown]) {
          for (let asked = 0; asked < 4; asked += 1) {
            const { status, text, headers } = await ask(path, email)
            const stable = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
            replies.push({ status, text: withoutChance(text), length: text.length, headers: stable })
            if (asked < 2) await sql`UPDATE mail_counts SET ends_at = now() WHERE ends_at < now() + interval '61 s'`
          }
        }
        t.equal(replies[0]?.status, 202)
        for (const reply of replies) t.same(reply, replies[0])
        const after = await sql<{ email: string, codeLength: number, tries: number }[]>`
          SELECT length(code_hash) AS "codeLength", tries_left AS tries FROM challenges`
        t.equal(after.length, before.length + 4, 'two for each address: the limit of an hour is the same')
        t.equal(new Set(after.map(row => JSON.stringify(row))).size, 1)
      })
    }

    await t.test('a network that asks for too many is refused, for any addresses', async t => {
      const strict = await build(t, { database, settings: { mailLimits: { maxPerNetwork: 3 } } })
      await openSql(t, strict.settings)`UPDATE mail_counts SET ends_at = now()`
      const statuses = []
      for (let asked = 0; asked < 5; asked += 1) {
        const email = `${randomUUID()}@example.com`
        const { status, body, headers } = await sendRequest(
          strict.api, 'POST /api/account/password-reset', { json: { email } })
        statuses.push(status)
        if (status !== 429) continue
        t.match(body.error, { code: 'RATE_LIMITED', reason: 'rate_limited', retryable: true })
        t.ok(Number(headers.get('retry-after')) > 3_000)
      }
      t.same(statuses, [202, 202, 202, 429, 429])
    })
  })
}
