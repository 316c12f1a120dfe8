import { execFile } from 'node:child_process'
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'
import {
  freePort, initializeData, launchServer, preparePlace, type PostgresServer, type ServerPlace
} from './postgres-server.js'

const run = promisify(execFile)

const promotionPollMs = 10

/** A primary and its standby, which receives asynchronously what the primary commits. */
export interface PostgresPair {
  /** Names both, for DATABASE_URL. */
  url: string
  readonly primary: PostgresServer
  readonly standby: PostgresServer
  /** Makes each commit of the primary wait for the standby, unless the session asks for less. */
  synchronize (): Promise<void>
  /** Ends replication: what is committed from now on is lost in the next failover. */
  detach (): Promise<void>
  /** Ends the primary without warning and promotes the standby, which is the primary then. */
  failOver (): Promise<void>
  /** Waits until the promoted server itself takes writes. */
  promoted (): Promise<void>
  /** Makes the server that was ended the new standby, from a copy of the primary. */
  rebuild (): Promise<void>
  stop (): Promise<void>
}

/** So much of the primary's WAL is there for a standby that has just been copied. */
const more = { wal_keep_size: '256MB' }

export async function startPair (): Promise<PostgresPair> {
  const place = await preparePlace()
  const placeOf = async (name: string): Promise<ServerPlace> => {
    const folder = join(place.folder, name)
    await mkdir(folder)
    await own(place, folder)
    return { ...place, folder }
  }
  const [first, second] = [await placeOf('a'), await placeOf('b')]
  const ports = [await freePort(), await freePort()] as const
  await initializeData(first)
  let primary = await launchServer({ ...first, port: ports[0], more })
  await copyData(primary, second)
  let standby = await launchServer({ ...second, port: ports[1], more })
  const places = new Map([[primary, first], [standby, second]])

  return {
    url: `postgres://keyturn@127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}/postgres?target_session_attrs=read-write`,
    get primary () { return primary },
    get standby () { return standby },

    async synchronize () {
      await ask(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
      await ask(primary, 'SELECT pg_reload_conf()')
      await untilRow(primary, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")
    },

    async detach () {
      await ask(standby, "ALTER SYSTEM SET primary_conninfo = ''")
      await ask(standby, 'SELECT pg_reload_conf()')
      await untilRow(standby, 'SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_wal_receiver)')
    },

    async failOver () {
      await primary.kill()
      await ask(standby, 'SELECT pg_promote(false)')
      const promoted = standby
      standby = primary
      primary = promoted
    },

    async promoted () {
      const sql = postgres(primary.url, { max: 1, onnotice: () => {} })
      for (;;) {
        const [row] = await sql<[{ isDone: boolean }]>`SELECT NOT pg_is_in_recovery() AS "isDone"`
        if (row.isDone) break
        await delay(promotionPollMs)
      }
      // On its disk, which may be slow just then.
      await sql`SELECT pg_logical_emit_message(true, 'test', 'a first transaction')`
      await sql.end()
    },

    async rebuild () {
      const of = places.get(standby)
      if (of === undefined) throw new Error('no such server')
      await untilRow(primary, 'SELECT WHERE NOT pg_is_in_recovery()')
      await rm(standby.data, { recursive: true, force: true })
      await copyData(primary, of)
      await standby.restart()
      await untilRow(primary, "SELECT FROM pg_stat_replication WHERE state = 'streaming'")
    },

    async stop () {
      await Promise.all([primary.stop(), standby.stop()])
      await rm(place.folder, { recursive: true, force: true })
    }
  }
}

/** A base backup (Postgres 25.3.3) as the data of a standby, while the primary goes on. */
async function copyData (from: PostgresServer, to: ServerPlace): Promise<void> {
  const data = join(to.folder, 'data')
  const sql = postgres(from.url, { max: 1, onnotice: () => {} })
  await sql`SELECT pg_backup_start('standby', true)`
  // Files that go away meanwhile are in the WAL.
  await run('cp', ['-a', from.data, data]).catch(() => {})
  const [{ labelfile }] = await sql<[{ labelfile: string }]>`SELECT labelfile FROM pg_backup_stop(false)`
  await sql.end()
  await Promise.all(['pg_wal', 'postmaster.pid', 'postmaster.opts'].map(name =>
    rm(join(data, name), { recursive: true, force: true })))
  await mkdir(join(data, 'pg_wal'))
  await writeFile(join(data, 'backup_label'), labelfile)
  await writeFile(join(data, 'standby.signal'), '')
  const { port } = new URL(from.url)
  await appendFile(join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=keyturn'\n`)
  await own(to, data)
}

async function own ({ owner: { uid, gid } }: ServerPlace, path: string): Promise<void> {
  if (uid !== undefined) await run('chown', ['-R', `${uid}:${gid}`, path])
}

async function ask (server: PostgresServer, statement: string): Promise<number> {
  const sql = postgres(server.url, { max: 1, onnotice: () => {}, connect_timeout: 5 })
  return sql.unsafe(statement).then(rows => rows.length).finally(() => sql.end({ timeout: 1 }))
}

async function untilRow (server: PostgresServer, statement: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    if (await ask(server, statement).catch(() => 0) > 0) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`never true of ${server.url}: ${statement}`)
}
