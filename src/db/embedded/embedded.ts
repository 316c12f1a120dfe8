import { chmod, mkdir, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { createLock } from './lock.js'

/** The embedded database, opened here or joined where another process of this machine has it open. */
export interface EmbeddedDatabase {
  socketFolder: string
  close (): Promise<void>
}

export interface EmbeddedOptions {
  /**
   * Whether to use the socket of a process that has the database open; otherwise that process is waited for. A server
   * must not join a command: it would outlive the command and lose its database.
   */
  join?: boolean
  /** Called once, with the process that holds the database and the seconds to wait for it. */
  onWait?: (pid: number, seconds: number) => void
}

const socketName = '.s.PGSQL.5432'
/** The server, its pool and a few command lines beside it. */
const maxConnections = 32
/** Its default is 128 MB, which it takes and clears at each start; the system has the files in its cache besides. */
const startParams = ['-c', 'shared_buffers=16MB']
/** Room for `sun_path` in `struct sockaddr_un`, less its closing zero, on Linux; macOS has 103. */
const maxSocketPathBytes = 103
const lockTimeoutMs = 15_000
const pollMs = 100

/**
 * Opens the PGlite database in `dataDir` and serves it on a Unix socket in that folder, so that there is one
 * data path for both kinds of database. The socket asks no password: it and the files are for their owner alone.
 * @throws Error when another process keeps the database open and cannot be joined
 */
export async function openEmbedded (dataDir: string, options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
  const { join = true, onWait } = options
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await chmod(dataDir, 0o700)
  const socketFolder = shortestPath(dataDir)
  const socketPath = `${socketFolder}/${socketName}`
  const lock = createLock({ path: resolve(dataDir, 'lock'), isServed: () => isServed(socketPath) })

  const deadline = Date.now() + lockTimeoutMs
  for (let announced = false; !await lock.take(); await delay(pollMs)) {
    if (join && await isServed(socketPath)) return { socketFolder, close: async () => {} }
    const holder = await lock.holder()
    if (holder === null) continue
    if (!announced) onWait?.(holder, lockTimeoutMs / 1000)
    announced = true
    if (Date.now() > deadline) throw new Error(inUse(dataDir, holder))
  }

  try {
    await rm(socketPath, { force: true })
    const files = resolve(dataDir, 'pg')
    await mkdir(files, { recursive: true, mode: 0o700 })
    const database = await PGlite.create(files, { startParams: [...PGlite.defaultStartParams, ...startParams] })
    const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections })
    await server.start()
    await chmod(socketPath, 0o600)
    return {
      socketFolder,
      async close () {
        await server.stop()
        await database.close()
        await lock.release()
      }
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

function inUse (dataDir: string, pid: number): string {
  return `process ${pid} has the embedded database in ${dataDir} open; stop it, or choose another DATA_DIR; ` +
    'if it is not Keyturn, remove the file "lock" in DATA_DIR'
}

/** A socket's path has little room; relative to the working folder it is often shorter. */
function shortestPath (dataDir: string): string {
  // The driver takes a text without a slash for a host name.
  const paths = [resolve(dataDir), `./${relative('', dataDir)}`]
  const shortest = paths.reduce((a, b) => Buffer.byteLength(b) < Buffer.byteLength(a) ? b : a)
  if (Buffer.byteLength(shortest) + 1 + socketName.length > maxSocketPathBytes) {
    throw new Error(`DATA_DIR is too long a path for the socket in it (${shortest}); choose a shorter one`)
  }
  return shortest
}

function isServed (socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(socketPath)
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}
