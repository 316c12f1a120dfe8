import type { PendingQuery, Row, Sql } from 'postgres'

/**
 * The time in a column, so many seconds earlier. By functions that are immutable: a distributed Postgres changes no
 * rows with others.
 */
export function earlier (sql: Sql, column: string, seconds: number): PendingQuery<Row[]> {
  return sql`(${sql(column)} AT TIME ZONE 'UTC' - make_interval(secs => ${seconds})) AT TIME ZONE 'UTC'`
}
