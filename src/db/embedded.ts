import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** The embedded database, opened here or joined where another process of this machine has it open. */
export interface EmbeddedDatabase {
  socketFolder: string
  close (): Promise<void>
}

const socketName = '.s.PGSQL.5432'
/** The server, its pool and a few command lines beside it. */
const maxConnections = 32
/** Room for `sun_path` in `struct sockaddr_un`, less its closing zero, on Linux; macOS has 103. */
const longestSocketPath = 103
const patienceMs = 15_000
const pollMs = 100

/**
 * Opens the PGlite database in `dataDir` and serves it on a Unix socket in that folder, so that there is one
 * data path for both kinds of database. If another process serves it already, its socket is joined; without `join`
 * that process is waited for, since what outlives it must not depend on it.
 * The socket asks no password: it and the files are for their owner alone.
 * @throws Error when the other process neither serves nor ends in reasonable time
 */
export async function openEmbedded (
  dataDir: string, { join = true }: { join?: boolean } = {}
): Promise<EmbeddedDatabase> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const socketFolder = shortestPath(dataDir)
  const socketPath = `${socketFolder}/${socketName}`
  const lockPath = resolve(dataDir, 'lock')
  if (join && !await takeLock(lockPath, socketPath)) {
    await until(() => isServed(socketPath), `does not serve ${socketPath}`)
    return { socketFolder, close: async () => {} }
  }
  if (!join) await until(() => takeLock(lockPath, socketPath), 'keeps it open; stop it, or choose another DATA_DIR')

  try {
    await rm(socketPath, { force: true })
    const files = resolve(dataDir, 'pg')
    await mkdir(files, { recursive: true, mode: 0o700 })
    const database = await PGlite.create(files)
    const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections })
    await server.start()
    await chmod(socketPath, 0o600)
    return {
      socketFolder,
      async close () {
        await server.stop()
        await database.close()
        await rm(lockPath, { force: true })
      }
    }
  } catch (error) {
    await rm(lockPath, { force: true })
    throw error
  }
}

/** A socket's path has little room; from the working folder the way is often shorter. */
function shortestPath (dataDir: string): string {
  // The driver takes what has no slash for the name of a host.
  const paths = [resolve(dataDir), `./${relative('', dataDir)}`]
  const shortest = paths.reduce((a, b) => Buffer.byteLength(b) < Buffer.byteLength(a) ? b : a)
  if (Buffer.byteLength(shortest) + 1 + socketName.length > longestSocketPath) {
    throw new Error(`DATA_DIR is too long a path for the socket in it (${shortest}); choose a shorter one`)
  }
  return shortest
}

/**
 * One process at a time may open the files. The lock is linked into place with its owner's id already in it,
 * so it is never seen half written. The lock of a process that is gone (kill -9) is taken over.
 */
async function takeLock (path: string, socketPath: string): Promise<boolean> {
  const own = `${path}.${process.pid}`
  await writeFile(own, String(process.pid), { mode: 0o600 })
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(own, { force: true })
  }
  const owner = Number(await readFile(path, 'utf8').catch(() => ''))
  // In a container the process before may have had this very id.
  const held = owner === process.pid ? await isServed(socketPath) : isAlive(owner)
  if (held) return false
  await rm(path, { force: true })
  return takeLock(path, socketPath)
}

function isAlive (pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** @throws Error saying what the process that holds the lock does wrong */
async function until (condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!await condition()) {
    if (Date.now() > deadline) {
      throw new Error(`another process holds the embedded database and ${otherwise}; ` +
        'if no Keyturn is running, remove the file "lock" in DATA_DIR')
    }
    await delay(pollMs)
  }
}

function isServed (socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(socketPath)
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}
