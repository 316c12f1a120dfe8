import t from 'tap'
import { build } from '../support/build.js'
import { post, send } from '../support/http.js'
import { signedUpToManage } from '../support/people.js'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

interface Line {
  reqId?: string
  req?: { path: string }
  route?: string
  account?: string
  session?: string
  failure?: string
}

t.test('a request has an id of its own, or the one that it came with, in the reply and in the log', async t => {
  const { api, log } = await build(t)
  const own = await Promise.all([1, 2, 3].map(() => send(`${api}/nowhere`)))
  const ids = own.map(({ headers }) => headers.get('x-request-id') ?? '')
  for (const id of ids) t.match(id, uuid)
  t.equal(new Set(ids).size, 3)
  t.equal((await send(`${api}/livez`, { headers: { 'x-request-id': 'trace-1.2:3' } })).headers.get('x-request-id'),
    'trace-1.2:3')
  for (const wrong of ['x'.repeat(65), 'a b', 'a"b', '{"level":60}']) {
    t.match((await send(`${api}/livez`, { headers: { 'x-request-id': wrong } })).headers.get('x-request-id'), uuid)
  }
  const logged = log.map(line => (JSON.parse(line) as Line).reqId)
  for (const id of [...ids, 'trace-1.2:3']) t.ok(logged.includes(id), id)
})

t.test('the log says who a request was of, which route it took, and why it was refused', async t => {
  const { api, log } = await build(t)
  const { email, token } = await signedUpToManage(api)
  await send(`${api}/api/auth/list-sessions`, { headers: { authorization: `Bearer ${token}` } })
  await post(`${api}/api/auth/login`, { email, password: 'a wrong password' })
  await send(`${api}/api/auth/list-sessions`, { headers: { authorization: 'Bearer x.y.z' } })
  const lines = log.map(line => JSON.parse(line) as Line)
  const of = (path: string) => lines.filter(({ req }) => req?.path === path)
  const [, signIn] = [of('/api/auth/register'), of('/api/auth/sign-in/email')[0]]
  t.match(signIn, { account: uuid, route: '/api/auth/sign-in/email', failure: undefined })
  const [listed, refused] = of('/api/auth/list-sessions')
  t.match(listed, { account: signIn?.account, session: uuid, route: '/api/auth/list-sessions' })
  t.match(refused, { failure: 'invalid_token: malformed', account: undefined })
  t.equal(of('/api/auth/login').at(-1)?.failure, 'invalid_credentials')
})

t.test('a token that a client puts into the path is not in the log', async t => {
  const { api, log } = await build(t)
  const { token, refreshToken } = await signedUpToManage(api)
  await send(`${api}/api/auth/validate-token/${token}`)
  await send(`${api}/api/auth/refresh-token/${refreshToken}/x`)
  t.notMatch(log.join(''), token)
  t.notMatch(log.join(''), refreshToken)
  t.match(log.join(''), '/api/auth/validate-token/(token)')
})
