import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild, type Child } from '../harness/children.js'
import type { Cores } from '../harness/cores.js'
import { freePort } from '../harness/free-port.js'
import { settings } from '../harness/settings.js'

/** Keyturn as it is installed: its own executable, its own process. */
export interface Keyturn {
  child: Child
  pid: number
  port: number
  opsPort: number
}

/** Of a partner's client. */
export interface Credentials {
  id: string
  secret: string
}

const own = fileURLToPath(new URL('../..', import.meta.url))
const executableIn = (checkout: string) => join(checkout, 'bin', 'keyturn.cjs')
const executable = executableIn(own)
const readyPatienceMs = 15_000
const readyPollMs = 50

/** What hashing gets on either side: as many hashes at once as cores, and threads to spare. */
export function hashingThreads ({ serverCount }: Cores): number {
  return serverCount + settings.spareThreads
}

/** The environment of the servers and of their command line; the first server's port is in all their tokens. */
export function keyturnEnvironment (databaseUrl: string, cores: Cores, firstPort: number): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_MAX: String(settings.poolMax),
    KEYTURN_SECRET: randomBytes(48).toString('base64'),
    PUBLIC_URL: `http://127.0.0.1:${firstPort}`,
    LOG_LEVEL: 'silent',
    // A session of a benchmark rotates many times a second; beyond four in the window it would not (ADR 0015).
    REFRESH_RETRY_WINDOW: '0',
    RATE_LIMIT_MAX: '0',
    // Members sign in thousands of times, and go on with the tokens of their first session.
    ACCOUNT_SESSIONS_MAX: '1000000',
    // The load is one address, and more of its sign-ins are under way at once than failures would be allowed it.
    LOGIN_MAX_FAILURES_PER_ADDRESS: '10000',
    PASSWORD_HASH_CONCURRENCY: String(cores.serverCount),
    // One address gets a quarter of the places.
    PASSWORD_HASH_QUEUE: String(4 * Math.max(...settings.connectionCounts)),
    UV_THREADPOOL_SIZE: String(hashingThreads(cores))
  }
}

/** Makes the database's schema on the command line. */
export function migrateWith (env: Record<string, string>): void {
  execFileSync(process.execPath, [executable, 'migrate'], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
}

/** Makes an account on the command line, and with it the database's schema. */
export function addAccount (env: Record<string, string>, email: string, password: string): void {
  execFileSync(process.execPath, [executable, 'account', 'add', email, '--password-stdin'], {
    env: { PATH: process.env.PATH, ...env }, input: password, stdio: ['pipe', 'ignore', 'inherit']
  })
}

/** Makes a partner's client on the command line, for tokens of its own. */
export function addClient (env: Record<string, string>): Credentials {
  const made = execFileSync(process.execPath, [
    executable, 'client', 'add', 'bench', '--grant', 'introspect,token-exchange', '--scope', 'read', '--json'
  ], { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(made) as Credentials
}

export interface KeyturnNeeds {
  env: Record<string, string>
  /** As `taskset` takes them, or `null` for no pinning. */
  cores: string | null
  /** More arguments of node. */
  args?: readonly string[]
  port?: number
  /** What is served on that port. */
  contracts?: string
  /** The folder of another release, built; this one if left out. */
  checkout?: string | undefined
}

/** Starts a server and waits until it is ready. @throws when it does not become so in time */
export async function startKeyturn (
  { env, cores, args = [], port: given, contracts = 'partner,oauth,tasks', checkout = own }: KeyturnNeeds
): Promise<Keyturn> {
  const [port, opsPort] = [given ?? await freePort(), await freePort()]
  const child = startChild({
    name: 'Keyturn',
    args: [...settings.nodeFlags, ...args, executableIn(checkout), 'serve'],
    env: { ...env, LISTEN: `127.0.0.1:${port}=${contracts} 127.0.0.1:${opsPort}=ops` },
    cores
  })
  for (const deadline = Date.now() + readyPatienceMs; Date.now() < deadline;) {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => null)
    if (answer?.ok === true) return { child, pid: child.pid, port, opsPort }
    await delay(readyPollMs)
  }
  throw new Error('Keyturn did not become ready')
}
