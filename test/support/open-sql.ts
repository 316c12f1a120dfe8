import type postgres from 'postgres'
import type { Test } from 'tap'
import type { Settings } from '../../src/config/settings.js'
import { connect } from '../../src/db/client.js'

/** A connection to a server's database of either kind, to look and to interfere. */
export function openSql (t: Test, { database: { url, dataDir } }: Settings): postgres.Sql {
  const sql = connect(url === undefined ? { socketFolder: dataDir } : { url }, { max: 1 })
  t.teardown(() => sql.end({ timeout: 1 }))
  return sql
}

/**
 * Every row of these tables, or of all, as text and in a fixed order; bytes are in hex. Counts of the login throttle
 * that no longer matter are left out: a periodic job removes them at any time.
 */
export async function dump (sql: postgres.Sql, only?: string[]): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
  const parts = []
  for (const name of tables.map(table => table.name).filter(name => only?.includes(name) ?? true)) {
    const rows = await sql<{ row: string }[]>`SELECT to_jsonb(t)::text AS row FROM ${sql(name)} AS t
      ${name === 'login_throttle' ? sql`WHERE ends_at > now() OR guesses <> '{}'` : sql``} ORDER BY 1`
    parts.push(name, ...rows.map(({ row }) => row))
  }
  return parts.join('\n')
}
