import { randomUUID } from 'node:crypto'
import { cpSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'

/** The migrated database that every test's own database is a copy of. */
export const templateName = 'keyturn_template'

/** The address of another database on the same server. */
export function databaseUrl (serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** The real Postgres of this test run. */
export function serverUrl (): string {
  const url = process.env.TEST_DATABASE_URL
  if (url === undefined) throw new Error('no test database: run the tests with "npm test" or "npm run tap -- FILE"')
  return url
}

/** Whether the tests run on a Citus cluster: each database is a distributed one, with a part on every server. */
export const isOnCitus = process.env.TEST_CITUS_WORKERS !== undefined

/** A fresh, migrated database on the real Postgres, dropped after the test; returns its URL. */
export async function postgresDatabase (t: Test, template = templateName): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const servers = [serverUrl(), ...process.env.TEST_CITUS_WORKERS?.split(' ') ?? []]
  const admins = servers.map(url => postgres(url, { max: 1, onnotice: () => {} }))
  await Promise.all(admins.map(admin => admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`)))
  t.teardown(async () => {
    for (const admin of admins) {
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
      await admin.end()
    }
  })
  return databaseUrl(serverUrl(), name)
}

/** A folder, removed after the test. */
export async function temporaryFolder (t: Test, parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'keyturn-data-'))
  // What a server writes while it stops can come in between.
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  return folder
}

/** A folder for the embedded database, removed after the test. */
export async function embeddedFolder (t: Test, { migrated = true } = {}): Promise<string> {
  const template = process.env.TEST_EMBEDDED_TEMPLATE
  // Beside the template, which is in memory where there is room for it.
  const folder = await temporaryFolder(t, template === undefined ? undefined : dirname(template))
  // Of a thousand files: at once takes a quarter of the time that one after the other in the background does.
  if (migrated && template !== undefined) cpSync(template, folder, { recursive: true })
  return folder
}
