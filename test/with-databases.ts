import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { openEmbedded } from '../src/db/embedded/embedded.js'
import { migrate } from '../src/db/migrate.js'
import { prepareCitusTemplate, workersOf } from './support/citus.js'
import { writeGroups } from './support/groups.js'
import { startPostgres } from './support/postgres-server.js'
import { databaseUrl, templateName } from './support/test-database.js'

/*
 * Runs a command with what the tests need: TEST_DATABASE_URL, a real Postgres with a migrated template database
 * (started here unless that variable names one), and TEST_EMBEDDED_TEMPLATE, a migrated embedded database. With
 * TEST_CITUS_URL, the coordinator of a Citus cluster, each of the tests' databases on the real Postgres is distributed.
 * Coverage is of the whole run: `tap` with the names of files does without.
 */

/** Bytes: a few files at once with a dozen copies of 40 MB each. */
const leastInMemory = 2 * 1024 ** 3

async function prepareTemplate (url: string): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`DROP DATABASE IF EXISTS ${templateName} WITH (FORCE)`)
  await admin.unsafe(`CREATE DATABASE ${templateName}`)
  await admin.end()
  await migrate({ url: databaseUrl(url, templateName) })
}

async function prepareEmbedded (folder: string): Promise<void> {
  const embedded = await openEmbedded(folder)
  await migrate({ socketFolder: embedded.socketFolder })
  await embedded.close()
}

/** Where a copy of the embedded database takes a fifth of the time; containers often have little of it. */
async function folderInMemory (): Promise<string | undefined> {
  const folder = '/dev/shm'
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize > leastInMemory ? folder : undefined
}

const citus = process.env.TEST_CITUS_URL
const given = citus ?? process.env.TEST_DATABASE_URL
const workers = citus === undefined ? undefined : await workersOf(citus)
const embeddedTemplate = await mkdtemp(join(await folderInMemory() ?? tmpdir(), 'keyturn-embedded-'))
const [server] = await Promise.all([
  given === undefined ? startPostgres() : null,
  prepareEmbedded(embeddedTemplate)
])
const url = given ?? server?.url ?? ''
await (workers === undefined ? prepareTemplate(url) : prepareCitusTemplate(url, workers, templateName))

const [command = 'tap', ...args] = process.argv.slice(2)
const isTap = command === 'tap'
const isPart = isTap && args.some(arg => !arg.startsWith('-'))
const child = spawn(command, [
  ...isPart ? ['--disable-coverage', '--allow-empty-coverage'] : [],
  ...args,
  ...isTap && !isPart ? await writeGroups() : []
], {
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_DATABASE_URL: url,
    TEST_EMBEDDED_TEMPLATE: embeddedTemplate,
    ...workers !== undefined && { TEST_CITUS_WORKERS: workers.join(' ') }
  }
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
const [code] = await once(child, 'exit') as [number | null]

await server?.stop()
await rm(embeddedTemplate, { recursive: true, force: true })
process.exit(code ?? 1)
