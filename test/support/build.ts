import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import postgres from 'postgres'
import type { Test } from 'tap'
import { openBackend, type Backend } from '../../src/backend.js'
import { loadConfig, type Config } from '../../src/config/environment.js'
import { contractNames } from '../../src/contracts/index.js'
import { createLog } from '../../src/log.js'
import { startServer, type Server } from '../../src/server/server.js'
import { embeddedFolder, postgresDatabase } from './test-database.js'

export const databases = ['postgres', 'embedded'] as const

export type DatabaseKind = typeof databases[number]

export interface BuildOptions {
  /** Settings that differ from those a test server has. */
  settings?: Partial<Config>
  database?: DatabaseKind
  /** Milliseconds since 1970. */
  now?: () => number
}

/** Tests sign in wrongly, and all from one address. */
const unlimited = {
  LOGIN_MAX_FAILURES: 100_000, LOGIN_MAX_FAILURES_PER_ACCOUNT: 100_000, LOGIN_MAX_FAILURES_PER_ADDRESS: 100_000
}

/** Cheap hashes, everything else as it ships. */
const testSettings: Partial<Config> = {
  PASSWORD_HASH_MEMORY: 1024, PASSWORD_HASH_PASSES: 2, RATE_LIMIT_MAX: 0, ...unlimited
}

const listen = '127.0.0.1:0=partner,session,spa,oauth 127.0.0.1:0=tasks 127.0.0.1:0=web 127.0.0.1:0=ops'

/** The settings of a server over a database of its own. */
export async function testConfig (t: Test, { settings, database = 'postgres' }: BuildOptions = {}): Promise<Config> {
  const environment = database === 'postgres'
    ? { DATABASE_URL: await postgresDatabase(t), KEYTURN_SECRET: randomBytes(32).toString('base64url') }
    : { DATA_DIR: await embeddedFolder(t) }
  return { ...loadConfig({ LISTEN: listen, ...environment }, contractNames), ...testSettings, ...settings }
}

export interface TestLog {
  lines: string[]
  log: ReturnType<typeof createLog>
}

export function testLog (level = 'trace'): TestLog {
  const lines: string[] = []
  const log = createLog(level, new Writable({
    write (chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    }
  }))
  return { lines, log }
}

export interface TestServer extends Server {
  config: Config
  log: string[]
  /** The addresses of its listeners: partner, session and spa; tasks; web; ops. */
  api: string
  tasks: string
  web: string
  ops: string
}

/** Starts the server that ships, over a database of its own, and stops it after the test. */
export async function build (t: Test, options: BuildOptions = {}): Promise<TestServer> {
  const config = await testConfig(t, options)
  const { lines, log } = testLog()
  const server = await startServer({ config, log, now: options.now ?? Date.now })
  t.teardown(() => server.stop())
  await server.ready
  const [api = '', tasks = '', web = '', ops = ''] = server.addresses
  return { ...server, config, log: lines, api, tasks, web, ops }
}

/** A core over a database of its own, and a connection beside it to look and to interfere. */
export async function buildCore (t: Test, options: BuildOptions = {}): Promise<Backend & {
  sql: postgres.Sql, config: Config, log: string[]
}> {
  const config = await testConfig(t, { ...options, database: 'postgres' })
  const { lines, log } = testLog()
  const backend = await openBackend({ config, log, now: options.now ?? Date.now })
  const sql = postgres(config.DATABASE_URL ?? '', { max: 4, onnotice: () => {} })
  t.teardown(async () => {
    await sql.end()
    await backend.close()
  })
  await backend.prepare()
  return { ...backend, sql, config, log: lines }
}
