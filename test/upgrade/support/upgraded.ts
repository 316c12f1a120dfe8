import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import type { Test } from 'tap'
import { loadSettings } from '../../../src/config/settings.js'
import { contractNames } from '../../../src/contracts/index.js'
import { connect } from '../../../src/db/client.js'
import { openEmbedded } from '../../../src/db/embedded/embedded.js'
import { startServer } from '../../../src/server/server.js'
import { testLog, type DatabaseKind } from '../../support/build.js'
import { embeddedFolder, postgresDatabase } from '../../support/test-database.js'
import type { Addresses } from './conversation.js'
import { makeOldSchema, writeRows } from './database.js'
import type { Fixture } from './fixture.js'

const listen = '127.0.0.1:0=partner,session,spa,oauth,account 127.0.0.1:0=tasks 127.0.0.1:0=web'

/** A database as the old release left it a moment ago; the variables by which a server finds it and its secret. */
export async function oldDatabase (
  t: Test, fixture: Fixture, kind: DatabaseKind = 'postgres'
): Promise<Record<string, string>> {
  const { KEYTURN_SECRET = '', ...environment } = fixture.environment
  if (kind === 'postgres') {
    const url = await postgresDatabase(t, 'template0')
    await filled(connect({ url }, { max: 1 }), fixture)
    return { ...environment, KEYTURN_SECRET, DATABASE_URL: url }
  }
  const folder = await embeddedFolder(t, { migrated: false })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'secret'), `${KEYTURN_SECRET}\n`, { mode: 0o600 })
  const embedded = await openEmbedded(folder)
  await filled(connect({ socketFolder: embedded.socketFolder }, { max: 1 }), fixture)
  await embedded.close()
  return { ...environment, DATA_DIR: folder }
}

async function filled (sql: Sql, fixture: Fixture): Promise<void> {
  await makeOldSchema(sql, fixture)
  await writeRows(sql, fixture)
  await sql.end({ timeout: 1 })
}

/** Starts this release over it; it brings the schema up to date. */
export async function upgraded (t: Test, environment: Record<string, string>): Promise<Addresses> {
  const settings = loadSettings({ LISTEN: listen, ...environment }, contractNames)
  const server = await startServer({ settings, log: testLog().log, now: Date.now })
  t.teardown(() => server.stop())
  await server.ready
  const [api = '', tasks = '', web = ''] = server.addresses
  return { api, tasks, web }
}
