import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type postgres from 'postgres'
import type { Address } from './address.js'
import { connect, type Target } from './client.js'
import { violatedConstraint } from './errors.js'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** Any number, as long as every version of Keyturn uses the same. */
const advisoryLock = 7_319_004_115

/**
 * Brings the database to this version's schema and returns how many migrations it applied.
 *
 * Each migration is one statement, a DO block, hence one transaction: it takes the lock, records itself, changes the
 * schema. Of two processes that start together one waits, then finds the record taken. A distributed Postgres takes
 * several changes in one transaction only one after the other, and no simple query of several statements (ADR 0018).
 * No `sql.begin` is used, because the driver can throw out of reach when a backend dies inside it.
 */
export async function migrate (target: Target | Address): Promise<number> {
  const sql = connect(target, { max: 1 })
  try {
    // A role that may not create tables can still find that there is nothing to do.
    const [{ records } = { records: null }] = await sql<{ records: string | null }[]>`
      SELECT to_regclass('schema_migrations')::text AS records`
    if (records === null) {
      await sql.unsafe(`
        SELECT pg_advisory_xact_lock(${advisoryLock});
        CREATE TABLE IF NOT EXISTS schema_migrations (
          hash text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now()
        )`).simple()
    }
    let applied = 0
    for (const migration of readMigrationFiles({ migrationsFolder })) {
      if (await apply(sql, migration.hash, migration.sql.map(withoutSemicolon).join(';\n'))) applied += 1
    }
    return applied
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** The names of this version's migrations that a database does not have, in their order. */
export async function missingMigrations (sql: postgres.Sql): Promise<string[]> {
  const { entries } = JSON.parse(await readFile(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as {
    entries: Array<{ tag: string }>
  }
  const migrations = readMigrationFiles({ migrationsFolder })
    .map(({ hash }, index) => ({ hash, name: String(entries[index]?.tag) }))
  const [records] = await sql`SELECT WHERE to_regclass('schema_migrations') IS NOT NULL`
  if (records === undefined) return migrations.map(({ name }) => name)
  const known = new Set((await sql<{ hash: string }[]>`SELECT hash FROM schema_migrations`).map(({ hash }) => hash))
  return migrations.filter(({ hash }) => !known.has(hash)).map(({ name }) => name)
}

/** Returns false when the migration was there already, also when another process was quicker. */
async function apply (sql: postgres.Sql, hash: string, statements: string): Promise<boolean> {
  const [known] = await sql`SELECT 1 FROM schema_migrations WHERE hash = ${hash}`
  if (known !== undefined) return false
  try {
    await sql.unsafe(`
      DO $migration$ BEGIN
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        PERFORM pg_advisory_xact_lock(${advisoryLock});
        INSERT INTO schema_migrations (hash) VALUES ('${hash}');
        ${statements};
      END $migration$`).simple()
    return true
  } catch (error) {
    if (violatedConstraint(error) === 'schema_migrations_pkey') return false
    throw error
  }
}

/** A DO block takes no empty statement. */
function withoutSemicolon (statement: string): string {
  return statement.trim().replace(/;$/, '')
}
