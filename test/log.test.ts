import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { build, testLog } from './support/build.js'
import { post, send } from './support/http.js'
import { postgresDatabase } from './support/test-database.js'

const parse = (line: string) => JSON.parse(line) as Record<string, Record<string, unknown>>

t.test('of a request the log tells method, path, address and status, and nothing else', async t => {
  const { api, log } = await build(t)
  const marks = {
    query: randomUUID(), header: randomUUID(), cookie: randomUUID(), bearer: randomUUID(), body: randomUUID()
  }
  await post(`${api}/api/auth/login?token=${marks.query}`, { email: 'a@example.com', password: marks.body }, {
    'x-api-key': marks.header, cookie: `session=${marks.cookie}`, authorization: `Bearer ${marks.bearer}`
  })

  const entries = log.map(parse)
  const { req } = entries.find(({ req }) => req !== undefined) ?? {}
  t.same(req, { method: 'POST', path: '/api/auth/login', address: '127.0.0.1' })
  const { res } = entries.find(({ res }) => res !== undefined) ?? {}
  t.same(res, { status: 401 })
  for (const [place, mark] of Object.entries(marks)) t.notMatch(log.join(''), mark, `nothing of the ${place}`)
})

t.test('a request that no route answers is logged without its query, too', async t => {
  const { api, log } = await build(t)
  const mark = randomUUID()
  t.match(await send(`${api}/nowhere?access_token=${mark}`), { status: 404 })
  t.match(await send(`${api}/%ff?access_token=${mark}`), { status: 400 })
  t.match(await send(`${api}/api/auth/login?access_token=${mark}`), { status: 405 })
  t.match(await post(`${api}/api/auth/login?access_token=${mark}`, 7), { status: 400 })
  t.match(log.join(''), '/nowhere')
  t.notMatch(log.join(''), mark)
})

t.test('an error of the database is logged without the details that quote a row', async t => {
  const sql = postgres(await postgresDatabase(t), { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  await sql`CREATE TABLE people (email text UNIQUE)`
  const email = `${randomUUID()}@example.com`
  await sql`INSERT INTO people VALUES (${email})`
  const err = await sql`INSERT INTO people VALUES (${email})`.then(() => null, (error: unknown) => error)
  t.match(err, { detail: new RegExp(email) }, 'the driver does quote it')

  const { lines, log } = testLog()
  log.error({ err }, 'failed')
  log.error({ err: new Error('outer', { cause: err }) }, 'failed')
  t.equal(lines.length, 2)
  t.notMatch(lines.join(''), email)
  t.match(parse(lines[0] ?? ''), {
    err: { name: 'PostgresError', message: /duplicate key/, code: '23505', stack: /log\.test/ }
  })
  t.match(parse(lines[1] ?? ''), { err: { message: 'outer', cause: { code: '23505' } } })
})

t.test('a cause that is no error is left out', async t => {
  const { lines, log } = testLog()
  log.error({ err: new Error('outer', { cause: 'a value' }) })
  t.notOk('cause' in (parse(lines[0] ?? '').err ?? {}))
})

t.test('a level that is not asked for costs no line', async t => {
  const { lines, log } = testLog('warn')
  log.info('not this')
  log.warn('this')
  t.equal(lines.length, 1)
})

t.test('what else hangs on an error stays out of the log', async t => {
  const { lines, log } = testLog()
  log.error({ err: Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', query: 'not logged' }) })
  t.match(lines[0], 'EADDRINUSE')
  t.notMatch(lines[0], 'not logged')
})
