import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import postgres from 'postgres'
import type { Test } from 'tap'
import { openBackend, type Backend } from '../../src/backend.js'
import { loadSettings, type Settings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'
import { createLog } from '../../src/log.js'
import { startServer, type Server } from '../../src/server/server.js'
import { openTestDatabase, type TestDatabase } from './database.js'
import { withOverrides, type Overrides } from './settings.js'
import { fileDatabase } from './file-database.js'
import { embeddedFolder, postgresDatabase, temporaryFolder } from './test-database.js'

export const databases = ['postgres', 'embedded'] as const

export type DatabaseKind = typeof databases[number]

export interface BuildOptions {
  /** Settings that differ from those a test server has. */
  settings?: Overrides
  database?: DatabaseKind
  /** Not the database of the file: for what counts or changes what all have in common, such as the keys. */
  ownDatabase?: boolean
  /** Milliseconds since 1970. */
  now?: () => number
}

/** Of every server under test. */
export const adminToken = 'an-admin-token-of-servers-under-test'

/**
 * Cheap hashes, no limits and a long queue: all sign-ins of a test come from one address. A small cache, whose room is
 * taken when it is made. Else as it ships.
 */
const testSettings: Overrides = {
  passwords: { memory: 1024, passes: 2, queue: 400 },
  signIn: { maxFailures: 100_000, maxFailuresPerAccount: 100_000, maxFailuresPerAddress: 100_000 },
  rateLimit: { max: 0 },
  mailLimits: { maxPerNetwork: 100_000, maxPerHour: 1_000_000 },
  validation: { cacheMax: 1000 },
  adminToken,
  webhookLoopback: true
}

const listen = '127.0.0.1:0=partner,session,spa,oauth,account 127.0.0.1:0=tasks 127.0.0.1:0=web 127.0.0.1:0=ops,admin'

/** Of all servers over the database of the file, since its keys are encrypted with it. */
const KEYTURN_SECRET = randomBytes(32).toString('base64url')

/** The settings of a server. */
export async function buildSettings (
  t: Test, { settings: overrides, database = 'postgres', ownDatabase = false }: BuildOptions = {}
): Promise<Settings> {
  const environment = database === 'postgres'
    ? {
        DATABASE_URL: await (ownDatabase ? postgresDatabase(t) : fileDatabase(t)),
        KEYTURN_SECRET,
        DATA_DIR: await temporaryFolder(t)
      }
    : { DATA_DIR: await embeddedFolder(t) }
  const shipped = loadSettings({ LISTEN: listen, ...environment }, contractNames)
  return withOverrides(withOverrides(shipped, testSettings), overrides)
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
  settings: Settings
  log: string[]
  /** The addresses of its listeners: partner, session, spa, oauth and account; tasks; web; ops and admin. */
  api: string
  tasks: string
  web: string
  ops: string
}

/** Starts the server that ships and stops it after the test. */
export async function build (t: Test, options: BuildOptions = {}): Promise<TestServer> {
  const settings = await buildSettings(t, options)
  const { lines, log } = testLog()
  const server = await startServer({ settings, log, now: options.now ?? Date.now })
  t.teardown(() => server.stop())
  await server.ready
  const [api = '', tasks = '', web = '', ops = ''] = server.addresses
  return { ...server, settings, log: lines, api, tasks, web, ops }
}

/**
 * A core, and beside it its database as the core has it, for parts that are built by hand, and a plain connection, to
 * look and to interfere.
 */
export async function buildCore (t: Test, options: BuildOptions = {}): Promise<Backend & {
  db: TestDatabase, sql: postgres.Sql, settings: Settings, log: string[]
}> {
  const settings = await buildSettings(t, { ...options, database: 'postgres' })
  const { lines, log } = testLog()
  const backend = await openBackend({ settings, log, now: options.now ?? Date.now })
  const url = settings.database.url ?? ''
  const db = openTestDatabase(t, url)
  const sql = postgres(url, { max: 4, onnotice: () => {} })
  t.teardown(async () => {
    await sql.end()
    await backend.close()
  })
  await backend.prepare()
  return { ...backend, db, sql, settings, log: lines }
}
