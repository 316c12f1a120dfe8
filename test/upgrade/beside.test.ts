import t, { type Test } from 'tap'
import type { Sql } from 'postgres'
import { connect } from '../../src/db/client.js'
import { postgresDatabase } from '../support/test-database.js'
import { dumpTables, writeRows } from './support/database.js'
import { readFixture, readStatements, type Statement } from './support/fixture.js'

/* Servers of version 0.1.0 that go on for a while after the first one of this release has migrated their database. */

async function migrated (t: Test): Promise<Sql> {
  const sql = connect({ url: await postgresDatabase(t) }, { max: 1 })
  t.teardown(() => sql.end({ timeout: 1 }))
  return sql
}

/** What Postgres has against a statement, or `null`. It is parsed and planned, and not run. */
async function refusalOf (sql: Sql, { text, types }: Statement): Promise<string | null> {
  const names = await sql<{ name: string }[]>`
    SELECT CASE oid WHEN '0' THEN 'unknown' ELSE format_type(oid::oid, NULL) END AS name
    FROM unnest(string_to_array(${types.join()}, ',')) WITH ORDINALITY AS type (oid, number) ORDER BY number`
  const list = (values: string[]) => values.length === 0 ? '' : `(${values.join(', ')})`
  try {
    await sql.unsafe(`
      PREPARE old ${list(names.map(({ name }) => name))} AS ${text};
      EXPLAIN EXECUTE old ${list(types.map(() => 'NULL'))}`).simple()
    return null
  } catch (error) {
    return `${String(error)}: ${text}`
  } finally {
    await sql.unsafe('DEALLOCATE ALL').simple()
  }
}

async function refusals (sql: Sql): Promise<string[]> {
  await sql`SET plan_cache_mode = force_generic_plan`
  const found = []
  for (const statement of readStatements()) found.push(await refusalOf(sql, statement))
  return found.filter(refusal => refusal !== null)
}

t.test('every statement of version 0.1.0 can be planned on the schema of today', async t => {
  t.same(await refusals(await migrated(t)), [])
})

t.test('a column or a constraint that they need and is gone is found', async t => {
  const sql = await migrated(t)
  await sql`ALTER TABLE sessions DROP COLUMN network`
  await sql`ALTER TABLE login_throttle DROP CONSTRAINT login_throttle_pkey`
  const found = await refusals(sql)
  t.ok(found.some(refusal => refusal.includes('"network"')))
  t.ok(found.some(refusal => refusal.includes('ON CONFLICT')))
})

t.test('every row of version 0.1.0 can be written into the schema of today', async t => {
  const sql = await migrated(t)
  const fixture = readFixture()
  await writeRows(sql, fixture)
  const tables = await dumpTables(sql)
  for (const [name, rows] of Object.entries(fixture.tables).filter(([name]) => name !== 'schema_migrations')) {
    t.equal(tables[name]?.length, rows.length, name)
  }
})
