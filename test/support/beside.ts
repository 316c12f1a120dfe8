import type postgres from 'postgres'
import type { Test } from 'tap'
import { openBackend } from '../../src/backend.js'
import type { Config } from '../../src/config/environment.js'
import type { Core } from '../../src/core/index.js'
import { connect } from '../../src/db/client.js'
import { testLog } from './build.js'

/** As an operator's command line is known to the core. */
export const operator = { address: null, userAgent: 'test' }

/** The core that the command line would have beside a running server, over the same database of either kind. */
export async function coreBeside (t: Test, config: Config): Promise<Core> {
  const backend = await openBackend({ config, log: testLog().log, now: Date.now })
  t.teardown(() => backend.close())
  await backend.prepare()
  return backend.core
}

/** A connection to a server's database of either kind, to look and to interfere. */
export function sqlBeside (t: Test, { DATABASE_URL, DATA_DIR }: Config): postgres.Sql {
  const sql = connect(DATABASE_URL === undefined ? { socketFolder: DATA_DIR } : { url: DATABASE_URL }, { max: 1 })
  t.teardown(() => sql.end({ timeout: 1 }))
  return sql
}

/** Every row of these tables, or of all, as text and in a fixed order; bytes are in hex. */
export async function dump (sql: postgres.Sql, only?: string[]): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
  const parts = []
  for (const name of tables.map(table => table.name).filter(name => only?.includes(name) ?? true)) {
    const rows = await sql<{ row: string }[]>`SELECT to_jsonb(t)::text AS row FROM ${sql(name)} AS t ORDER BY 1`
    parts.push(name, ...rows.map(({ row }) => row))
  }
  return parts.join('\n')
}
