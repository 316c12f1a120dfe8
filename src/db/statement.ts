import type { ParameterOrFragment, PendingQuery } from 'postgres'
import type { Pool } from './pool.js'

/** Around the name of a value, while the text is put together. */
const mark = '\u0000'

/**
 * A statement whose text is put together once, for what most requests send: of a tagged template with fragments the
 * driver puts it together again each time, and makes a query of each fragment (bench/profile.md).
 * @param write returns the text; `place` says where a value goes, as often as it is needed
 * @returns what sends the statement with its values
 */
export function fixedStatement<Values extends Record<keyof Values, ParameterOrFragment<never>>, Row extends object> (
  sql: Pool, write: (place: (name: keyof Values & string) => string) => string
): (values: Values) => PendingQuery<Row[]> {
  // The driver finds a prepared statement by its whole text, each time it is sent: white space is not for free.
  const pieces = write(name => `${mark}${name}${mark}`).replaceAll(/\s+/g, ' ').split(mark)
  const texts = pieces.filter((_, index) => index % 2 === 0)
  const names = pieces.filter((_, index) => index % 2 === 1) as Array<keyof Values>
  const template = Object.assign(texts, { raw: texts })
  return values => sql<Row[]>(template, ...names.map(name => values[name]))
}
