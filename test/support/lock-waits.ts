import type postgres from 'postgres'
import { isOnCitus } from './test-database.js'

/** Whether so many statements of the database wait for a lock, on whichever of its servers. */
export async function isLockAwaited (sql: postgres.Sql, statements = 1): Promise<boolean> {
  const waiting = await sql`
    SELECT FROM ${sql(isOnCitus ? 'citus_stat_activity' : 'pg_stat_activity')}
    WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return waiting.length >= statements
}
