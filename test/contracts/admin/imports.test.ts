import { randomUUID } from 'node:crypto'
import bcrypt from '@node-rs/bcrypt'
import t from 'tap'
import { operatorOf } from '../../support/admin.js'
import { adminToken, build, databases, type TestServer } from '../../support/build.js'
import { post, send, type Reply } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { until } from '../../support/until.js'

const ndjson = 'application/x-ndjson'

const sendLines = (
  { ops }: TestServer, body: string | Buffer, headers: Record<string, string> = {}, query = ''
): Promise<Reply> => send(`${ops}/admin/imports${query}`, {
  method: 'POST', body, headers: { authorization: `Bearer ${adminToken}`, 'content-type': ndjson, ...headers }
})

const toLines = (values: unknown[]) => values.map(value => `${JSON.stringify(value)}\n`).join('')

for (const database of databases) {
  t.test(`accounts are imported by HTTP, with their passwords, and exported without, on ${database}`, async t => {
    const server = await build(t, { database, ownDatabase: true })
    const ask = operatorOf(server)
    const finished = async (reply: Reply) => {
      matchesOpenapi(t, 'admin', 'POST /admin/imports', reply)
      t.equal(reply.status, 202)
      const { id } = reply.body.data.import
      t.equal(reply.headers.get('location'), `/admin/imports/${id}`)
      let shown = await ask('GET', `/imports/${id}`)
      await until('it is finished', async () => {
        shown = await ask('GET', `/imports/${id}`)
        return shown.body.data.import.state === 'finished'
      })
      matchesOpenapi(t, 'admin', 'GET /admin/imports/{id}', shown)
      return shown.body.data.import
    }
    const password = 'a password from elsewhere'
    const people = [1, 2, 3].map(n =>
      ({ email: `n${n}-${randomUUID()}@example.com`, name: 'Zoë', externalId: `u${n}` }))
    const lines = toLines([
      { ...people[0], passwordHash: await bcrypt.hash(password, 4) }, people[1], people[1], { email: 'none' }, people[2]
    ])
    const first = await finished(await sendLines(server, lines, {}, '?source=users.ndjson'))
    t.match(first, {
      source: 'users.ndjson', actor: 'admin_token', lines: 5, imported: 3, existing: 0, rejected: 2
    })
    const report = await ask('GET', `/imports/${first.id}/report`)
    t.match(report.headers.get('content-type'), ndjson)
    t.same(report.text.trim().split('\n').map(line => JSON.parse(line) as unknown), [
      { line: 3, problem: 'email_repeated' }, { line: 4, problem: 'email_invalid' }
    ])
    const again = await finished(await sendLines(server, lines))
    t.match(again, { source: 'request', imported: 0, existing: 3, rejected: 2 })
    t.not(again.id, first.id, 'an import of its own')
    t.equal((await post(`${server.api}/api/auth/login`, { email: people[0]?.email, password })).status, 200)

    const exported = await ask('GET', '/export/accounts')
    t.equal(exported.headers.get('content-type'), `${ndjson}; charset=utf-8`)
    t.same(exported.text.trim().split('\n').map(line => (JSON.parse(line) as { email: string }).email).sort(),
      people.map(({ email }) => email).sort())
    t.notMatch(exported.text, /argon2|passwordHash|\$2b/)
    const table = await ask('GET', '/export/accounts?format=csv')
    t.match(table.headers.get('content-type'), /^text\/csv/)
    t.match(table.text, /^id,email,.*\n/)
    t.match(table.text, /Zoë/)
    t.match(await finished(await sendLines(server, exported.text)), { existing: 3, rejected: 0 }, 'a way back')
  })
}

t.test('what is no import is refused before a line is read', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const statusOf = async (reply: Promise<Reply>) => {
    const answered = await reply
    matchesOpenapi(t, 'admin', 'POST /admin/imports', answered)
    return answered.status
  }
  const line = toLines([{ email: 'x@example.com' }])
  t.equal(await statusOf(sendLines(server, line, { 'content-type': 'application/json' })), 415)
  t.equal(await statusOf(sendLines(server, line, { authorization: 'Bearer wrong' })), 401)
  t.equal(await statusOf(sendLines(server, '')), 400)
  t.equal(await statusOf(sendLines(server, Buffer.from('ff', 'hex'))), 400, 'no UTF-8')
  t.equal(await statusOf(sendLines(server, line, {}, '?sources=x')), 400)
  t.equal(await statusOf(sendLines(server, 'x'.repeat(16 * 1024 * 1024 + 1))), 413)
  for (const path of [`/imports/${randomUUID()}`, `/imports/${randomUUID()}/report`]) {
    t.equal((await ask('GET', path)).status, 404)
  }
  t.equal((await ask('GET', '/export/accounts?format=xml')).status, 400)
})

t.test('a request whose reply was lost is sent again, and begins no second import', async t => {
  const server = await build(t)
  const line = toLines([{ email: `${randomUUID()}@example.com` }])
  const key = { 'idempotency-key': randomUUID() }
  const [first, second] = [await sendLines(server, line, key), await sendLines(server, line, key)]
  t.equal(second.headers.get('idempotent-replayed'), 'true')
  t.equal(second.body.data.import.id, first.body.data.import.id)
})
