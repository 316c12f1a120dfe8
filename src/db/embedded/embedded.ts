import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
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
const maxSocketPathBytes = 103
const lockTimeoutMs = 15_000
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
  await chmod(dataDir, 0o700)
  const socketFolder = shortestPath(dataDir)
  const socketPath = `${socketFolder}/${socketName}`
  const lockPath = resolve(dataDir, 'lock')
  let joined = false
  await until(async () => {
    if (await takeLock(lockPath, socketPath)) return true
    joined = join && await isServed(socketPath)
    return joined
  }, 'keeps it open; stop it, or choose another DATA_DIR')
  if (joined) return { socketFolder, close: async () => {} }

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
  if (Buffer.byteLength(shortest) + 1 + socketName.length > maxSocketPathBytes) {
    throw new Error(`DATA_DIR is too long a path for the socket in it (${shortest}); choose a shorter one`)
  }
  return shortest
}

/**
 * One process at a time may open the files. The lock of a process that is gone (kill -9) is taken over, by one
 * process at a time too: a second one could remove the lock that the first has just made.
 */
async function takeLock (path: string, socketPath: string): Promise<boolean> {
  if (await makeLock(path)) return true
  if (await isHeld(path, socketPath)) return false

  const takeover = `${path}.takeover`
  if (!await makeLock(takeover)) {
    // Taking over takes milliseconds; who has not finished by now was killed at it.
    const { mtimeMs } = await stat(takeover).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > lockTimeoutMs / 2) await rm(takeover, { force: true })
    return false
  }
  try {
    // Who took over just before may have it by now.
    return !await isHeld(path, socketPath) && await renewLock(path)
  } finally {
    await rm(takeover, { force: true })
  }
}

async function renewLock (path: string): Promise<boolean> {
  await rm(path, { force: true })
  return await makeLock(path)
}

/** Linked into place with its owner's id already in it, so that it is never seen half written. */
async function makeLock (path: string): Promise<boolean> {
  const own = `${path}.${process.pid}.${randomUUID()}`
  await writeFile(own, String(process.pid), { mode: 0o600 })
  const failure = await link(own, path).then(() => undefined, (error: NodeJS.ErrnoException) => error)
  await rm(own, { force: true })
  assert(failure === undefined || failure.code === 'EEXIST', failure)
  return failure === undefined
}

async function isHeld (path: string, socketPath: string): Promise<boolean> {
  const owner = Number(await readFile(path, 'utf8').catch(() => ''))
  // In a container the process before may have had this very id.
  return owner === process.pid ? isServed(socketPath) : isAlive(owner)
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
  const deadline = Date.now() + lockTimeoutMs
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
