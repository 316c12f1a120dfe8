import { DrizzleQueryError } from 'drizzle-orm/errors'
import { PgDialect, type PreparedQueryConfig } from 'drizzle-orm/pg-core'
import { PgRemoteDatabase, PgRemoteSession, type PreparedQuery } from 'drizzle-orm/pg-proxy'
import type { Pool } from './pool.js'

export {
  and, asc, desc, eq, getTableColumns, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, not, notInArray, or,
  sql as expression
} from 'drizzle-orm'

/** Relations between tables are not used. */
type NoSchema = Record<string, never>

/** Typed statements on one table (ADR 0014). Statements that do several things are SQL by hand over the pool. */
export type Query = PgRemoteDatabase<NoSchema>

/**
 * Drizzle's query builder over our own pool, so that deadline, prepared statements and type parsers are the pool's.
 * Always prepared: otherwise the driver asks the server twice for each statement.
 */
export function openQuery (pool: Pool): Query {
  const dialect = new PgDialect()
  const session = new UnwrappedSession(async (text, parameters: unknown[], method) => {
    const statement = pool.unsafe(text, parameters, { prepare: true })
    return { rows: method === 'all' ? await statement.values() : await statement }
  }, dialect, undefined)
  return new PgRemoteDatabase(dialect, session, undefined)
}

/**
 * Rejects with the pool's own errors. Drizzle wraps them in one whose message has the values of all parameters, which
 * would write emails and hashes into the log.
 */
class UnwrappedSession extends PgRemoteSession<NoSchema, NoSchema> {
  override prepareQuery<Config extends PreparedQueryConfig> (
    ...args: Parameters<PgRemoteSession<NoSchema, NoSchema>['prepareQuery']>
  ): PreparedQuery<Config> {
    const prepared = super.prepareQuery<Config>(...args)
    const execute = prepared.execute.bind(prepared)
    prepared.execute = async placeholders => {
      try {
        return await execute(placeholders)
      } catch (error) {
        throw error instanceof DrizzleQueryError ? error.cause : error
      }
    }
    return prepared
  }
}
