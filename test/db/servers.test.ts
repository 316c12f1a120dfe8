import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createServers } from '../../src/db/servers.js'
import { until } from '../support/until.js'

/** Servers by name, with what a probe of each would find; `moves` are the ones that were moved to. */
function setUp (timelines: Record<string, number | null>, latencies: Record<string, number> = {}) {
  const moves: string[] = []
  let probes = 0
  const servers = createServers<string>({
    servers: ['a', 'b', 'c'],
    async probe (server) {
      probes += 1
      await delay(latencies[server] ?? 0)
      return timelines[server] ?? null
    },
    intervalMs: 10
  })
  servers.onMove(() => { moves.push(servers.current) })
  return { servers, moves, timelines, probes: () => probes }
}

t.test('the server that takes writes is the current one', async t => {
  const { servers, moves } = setUp({ b: 1 })
  t.equal(servers.current, 'a', 'until it is searched for, the first')
  await servers.search()
  t.equal(servers.current, 'b')
  await servers.search()
  t.same(moves, ['b'], 'it is moved to once')
})

t.test('of two that take writes, the one that was promoted later is the current one, also if it is slower', async t => {
  const { servers } = setUp({ a: 1, b: 2 }, { b: 30 })
  await servers.search()
  t.equal(servers.current, 'b')
})

t.test('a server that does not answer for long is not waited for', async t => {
  const { servers } = setUp({ b: 2 }, { a: 2_000, c: 2_000 })
  const since = performance.now()
  await servers.search()
  t.equal(servers.current, 'b')
  t.ok(performance.now() - since < 1_000)
})

t.test('with none that takes writes they are lost, and searched until there is one', async t => {
  const { servers, timelines, moves, probes } = setUp({})
  t.equal(servers.isLost, false, 'nothing is known yet')
  await servers.search()
  t.equal(servers.isLost, true)
  const before = probes()
  await Promise.all([servers.search(), servers.search()])
  await until('it tries again', () => probes() > before)
  timelines.c = 3
  await until('it is found', () => !servers.isLost)
  t.same(moves, ['c'])
  const after = probes()
  await delay(50)
  t.equal(probes(), after, 'then the search is over')
})

t.test('a search ends when they are closed', async t => {
  const { servers, probes } = setUp({})
  await servers.search()
  servers.close()
  await delay(50)
  const after = probes()
  await delay(50)
  t.equal(probes(), after)
})

t.test('a single server is never searched for', async t => {
  const servers = createServers({ servers: ['only'], probe: () => Promise.reject(new Error('asked')) })
  await servers.search()
  t.equal(servers.current, 'only')
  t.equal(servers.isLost, false)
})
