import postgres, { type Sql } from 'postgres'
import { distribute } from '../../src/db/distribution.js'
import { migrate } from '../../src/db/migrate.js'
import { databaseUrl } from './test-database.js'

const open = (url: string) => postgres(url, { max: 1, onnotice: () => {} })

/** The addresses of the other servers of the cluster whose coordinator has this one. */
export async function workersOf (coordinatorUrl: string): Promise<string[]> {
  const sql = open(coordinatorUrl)
  try {
    const workers = await sql<{ nodename: string, nodeport: number }[]>`
      SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0 AND isactive ORDER BY nodeid`
    return workers.map(({ nodename, nodeport }) => {
      const url = new URL(coordinatorUrl)
      url.host = `${nodename}:${nodeport}`
      return url.href
    })
  } finally {
    await sql.end()
  }
}

/** Makes an empty database on every server of the cluster, with the extension. */
export async function createOnCluster (coordinatorUrl: string, workers: string[], name: string): Promise<void> {
  for (const url of [coordinatorUrl, ...workers]) {
    const admin = open(url)
    await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await admin.unsafe(`CREATE DATABASE ${name}`)
    await admin.end()
    const sql = open(databaseUrl(url, name))
    await sql`CREATE EXTENSION citus`
    await sql.end()
  }
  await joinCluster(databaseUrl(coordinatorUrl, name), workers)
}

/** The same, distributed, with this version's schema. */
export async function createDistributed (coordinatorUrl: string, workers: string[], name: string): Promise<void> {
  await createOnCluster(coordinatorUrl, workers, name)
  await migrate({ url: databaseUrl(coordinatorUrl, name) })
  await distribute({ url: databaseUrl(coordinatorUrl, name) })
}

/** The same, left so that it can be copied: with no connection, and none to come. */
export async function prepareCitusTemplate (coordinatorUrl: string, workers: string[], name: string): Promise<void> {
  await createDistributed(coordinatorUrl, workers, name)
  for (const url of [coordinatorUrl, ...workers]) {
    const admin = open(url)
    await admin.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
    await admin.end()
  }
}

/** Removes a database from every server of the cluster. */
export async function dropFromCluster (coordinatorUrl: string, workers: string[], name: string): Promise<void> {
  for (const url of [coordinatorUrl, ...workers]) {
    const admin = open(url)
    await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await admin.end()
  }
}

/** Makes the database at `url` the coordinator of the others; eight shards are as good as 32, and sooner made. */
async function joinCluster (url: string, workers: string[]): Promise<void> {
  const sql: Sql = open(url)
  const { hostname, port } = new URL(url)
  await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET citus.shard_count = 8`)
  await sql`SELECT citus_set_coordinator_host(${hostname}, ${Number(port)})`
  for (const worker of workers) {
    const { hostname, port } = new URL(worker)
    await sql`SELECT citus_add_node(${hostname}, ${Number(port)})`
  }
  await sql.end()
}
