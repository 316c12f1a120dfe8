import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { distribute } from '../../src/db/distribution.js'
import { migrate } from '../../src/db/migrate.js'
import { refreshingClient, type Seen } from '../failover/refreshing-client.js'
import { build } from '../support/build.js'
import { createOnCluster, dropFromCluster, workersOf } from '../support/citus.js'
import { databaseUrl, isOnCitus, serverUrl } from '../support/test-database.js'

/*
 * What an operator does to a cluster while applications refresh: from one server to several, and rows from one of them
 * to another. Clients may be asked to come again (503); none is signed out.
 */

const onCluster = { skip: !isOnCitus && 'TEST_CITUS_URL names no cluster' }
const clientCount = 20

/** A database on all servers, whose rows are on the coordinator still, and clients that refresh there. */
async function setUp (t: Test) {
  const workers = await workersOf(serverUrl())
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await createOnCluster(serverUrl(), workers, name)
  t.teardown(() => dropFromCluster(serverUrl(), workers, name))
  const url = databaseUrl(serverUrl(), name)
  await migrate({ url })
  const server = await build(t, { settings: { database: { url }, refresh: { retryWindow: 0 } } })
  const seen: Seen = { statuses: new Map(), signedOut: [] }
  const clients = await Promise.all(Array.from({ length: clientCount }, () => refreshingClient(server.api, seen)))
  t.teardown(() => Promise.all(clients.map(client => client.stop())))
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  return { url, workers, seen, clients, sql }
}

t.test('a database is distributed while clients refresh, then moved from server to server', onCluster, async t => {
  const { url, workers: [worker = ''], seen, clients, sql } = await setUp(t)
  const refreshed = () => seen.statuses.get(200) ?? 0
  const goesOn = async () => {
    const before = refreshed()
    await delay(1_000)
    return refreshed() > before
  }
  t.ok(await goesOn())
  t.ok((await distribute({ url })).length > 5)
  t.ok(await goesOn(), 'from one server to several')

  const { hostname, port } = new URL(worker)
  const rowsThere = async () => (await sql`
    SELECT FROM citus_shards WHERE nodename = ${hostname} AND nodeport = ${Number(port)}
      AND citus_table_type = 'distributed'`).length
  await sql`SELECT citus_drain_node(${hostname}, ${Number(port)})`
  t.equal(await rowsThere(), 0)
  t.ok(await goesOn(), 'a server was emptied')
  await sql`SELECT citus_set_node_property(${hostname}, ${Number(port)}, 'shouldhaveshards', true)`
  await sql`SELECT rebalance_table_shards()`
  t.ok(await rowsThere() > 0)
  t.ok(await goesOn(), 'a server was added, and got its share')

  await Promise.all(clients.map(client => client.stop()))
  t.same(seen.signedOut, [])
  t.same([...seen.statuses.keys()].filter(status => ![200, 503].includes(status)), [])
  t.comment(`${refreshed()} refreshes, ${seen.statuses.get(503) ?? 0} times 503`)
  for (const { newest, refresh } of clients) t.equal(await refresh(newest()), 200)
})
