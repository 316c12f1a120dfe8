import t from 'tap'
import { createRequestIds } from '../../src/server/request-id.js'
import { adminToken, build } from '../support/build.js'
import { post, send } from '../support/http.js'
import { basic, newPartner } from '../support/partner.js'
import { signedUpToManage } from '../support/people.js'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

interface Line {
  reqId?: string
  req?: { path: string }
  route?: string
  account?: string
  session?: string
  failure?: string
  contract?: string
  client?: string
  operator?: string
}

t.test('a request has an id of its own, or that of a trusted proxy, in the reply and in the log', async t => {
  const { api, log } = await build(t, { settings: { trustProxy: ['10.0.0.0/8', '127.0.0.0/8', '::1'] } })
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

t.test('a stranger cannot name a request, so that nothing is recorded under that of another', async t => {
  for (const trustProxy of [[], ['10.0.0.0/8', '::1/128']]) {
    const { api } = await build(t, { settings: { trustProxy } })
    t.match((await send(`${api}/nowhere`, { headers: { 'x-request-id': 'taken' } })).headers.get('x-request-id'), uuid)
  }
  const requestId = createRequestIds(['127.0.0.1/32'])
  const headers = { 'x-request-id': 'taken' }
  t.match(requestId({ headers, socket: {} }), uuid, 'nor one whose connection is gone')
  t.equal(requestId({ headers, socket: { remoteAddress: '127.0.0.1' } }), 'taken')
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
  t.match(of('/api/auth/login').at(-1), { failure: 'invalid_credentials', contract: 'partner' })
})

t.test('the log says which client or operator sent a request', async t => {
  const server = await build(t)
  const client = await newPartner(server)
  await post(`${server.api}/oauth/introspect`, { token: 'x' }, basic(client))
  await send(`${server.ops}/admin/keys`, { headers: { authorization: `Bearer ${adminToken}` } })
  const lines = server.log.map(line => JSON.parse(line) as Line)
  const of = (route: string) => lines.find(line => line.route === route)
  t.match(of('/oauth/introspect'), { contract: 'oauth', client: client.id, operator: undefined })
  t.match(of('/admin/keys'), { contract: 'admin', operator: 'admin_token', client: undefined })
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
