import type { Test } from 'tap'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase, type Database } from '../../src/db/database.js'
import type { Pool } from '../../src/db/pool.js'
import { openQuery } from '../../src/db/query.js'

/** A database as the core has it, and the statements that it was sent. */
export interface TestDatabase extends Database {
  statements: string[]
}

/** Opens the database at `url` and closes it after the test. */
export function openTestDatabase (t: Test, url: string): TestDatabase {
  const database = openDatabase({ target: { url }, poolMax: 4, toUnavailable: unavailable })
  const statements: string[] = []
  t.teardown(() => database.close())
  const sql = recorded(database.sql, statements)
  return { ...database, sql, query: openQuery(sql), statements }
}

/** A pool that notes each statement when it is sent; a fragment of one never is. */
function recorded (pool: Pool, statements: string[]): Pool {
  function note<Statement extends Promise<unknown>> (statement: Statement, text: string): Statement {
    const send = statement.then.bind(statement)
    statement.then = ((...handlers: Parameters<typeof send>) => {
      statements.push(text)
      return send(...handlers)
    }) as typeof statement.then
    return statement
  }
  const run: Pool = Object.assign(
    ((template, ...parameters) => note(pool(template, ...parameters), template.join('?'))) as Pool,
    { unsafe: (...args: Parameters<Pool['unsafe']>) => note(pool.unsafe(...args), args[0]) })
  return run
}
