import t from 'tap'
import { noAutoFailover, startAutoFailover } from '../support/auto-failover.js'
import { build } from '../support/build.js'
import { until } from '../support/until.js'
import { refreshingClient, type Seen } from './refreshing-client.js'

const clientCount = 20

t.test('with pg_auto_failover no client is signed out when the primary dies', { skip: noAutoFailover }, async t => {
  const servers = await startAutoFailover(t)
  const server = await build(t, { settings: { database: { url: servers.url }, refresh: { retryWindow: 0 } } })
  const seen: Seen = { statuses: new Map(), signedOut: [] }
  const clients = await Promise.all(Array.from({ length: clientCount }, () => refreshingClient(server.api, seen)))
  const succeeded = () => seen.statuses.get(200) ?? 0
  await until('they refresh', () => succeeded() > clientCount)

  servers.killPrimary()
  const killedAt = performance.now()
  await until('it is noticed', () => (seen.statuses.get(503) ?? 0) > 0)
  const before = succeeded()
  await until('they refresh again', () => succeeded() > before)
  t.comment(`writable again ${Math.round(performance.now() - killedAt)} ms after the primary died`)
  await Promise.all(clients.map(client => client.stop()))
  t.same(seen.signedOut, [])
  t.same([...seen.statuses.keys()].sort(), [200, 503])
})
