import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Sql } from 'postgres'
import type { Fixture, Row } from './fixture.js'

const migrations = new URL('../../../drizzle/', import.meta.url)

/** An order in which the rows can be written, foreign keys and all. */
const tables = [
  'accounts', 'sessions', 'tasks', 'signing_keys', 'clients', 'client_assertions', 'event_acknowledgements',
  'audit_events', 'login_throttle'
]

/** Reads all rows of every table, as JSON. */
export async function dumpTables (sql: Sql): Promise<Fixture['tables']> {
  const dumped: Fixture['tables'] = {}
  for (const table of [...tables, 'schema_migrations']) {
    const rows = await sql<{ row: Row }[]>`SELECT to_jsonb(t) AS row FROM ${sql(table)} AS t ORDER BY t::text`
    dumped[table] = rows.map(({ row }) => row)
  }
  return dumped
}

/**
 * Makes the schema with the migrations that the fixture's release knew, recorded as it recorded them.
 * @throws Error when one of them is not in this release, or is not what it was
 */
export async function makeOldSchema (sql: Sql, { tables }: Fixture): Promise<void> {
  const files = new Map(readdirSync(migrations).filter(name => name.endsWith('.sql')).sort().map(name => {
    const text = readFileSync(new URL(name, migrations), 'utf8')
    return [createHash('sha256').update(text).digest('hex'), text]
  }))
  const known = new Set(tables.schema_migrations?.map(({ hash }) => String(hash)))
  const applied = [...files].filter(([hash]) => known.has(hash))
  if (applied.length !== known.size) throw new Error('a migration of the old release has changed or is gone')
  await sql.unsafe(`
    CREATE TABLE schema_migrations (hash text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
    ${applied.map(([, text]) => `${text};`).join('\n')}`).simple()
  await write(sql, 'schema_migrations', tables.schema_migrations ?? [])
}

/** Writes the fixture's rows as if they had just been made: what is a time in them comes as long before now. */
export async function writeRows (sql: Sql, fixture: Fixture): Promise<void> {
  const seconds = Math.floor(Date.now() / 1000) - fixture.madeAt
  for (const table of tables) await write(sql, table, (fixture.tables[table] ?? []).map(row => later(row, seconds)))
  await sql`SELECT setval(pg_get_serial_sequence('accounts', 'number'), (SELECT max(number) FROM accounts))`
}

/** Names the columns of the rows, as the old release does, so that new ones get their defaults. */
async function write (sql: Sql, table: string, rows: Row[]): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first).map(name => `"${name}"`).join(', ')
  await sql.unsafe(`
    INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb)`, [JSON.stringify(rows)])
}

const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?\+00:00)$/

/** Moves every time in a row, to the microsecond. */
function later (row: Row, seconds: number): Row {
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    const [, whole, rest = ''] = time.exec(String(value)) ?? []
    if (whole === undefined) return value
    return new Date(Date.parse(`${whole}Z`) + seconds * 1000).toISOString().slice(0, 19) + rest
  }
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, moved(value)]))
}
