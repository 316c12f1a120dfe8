import type { PgColumn } from 'drizzle-orm/pg-core'
import { desc, sql, type SQL } from 'drizzle-orm'

/** A list by time, the newest first, in pages; rows of the same time are in order of their ids. */
export function newestFirst (at: PgColumn, id: PgColumn) {
  return {
    order: [desc(at), desc(id)],

    /** The place of a row: microseconds since 1970, since a `Date` would round them, and the id. */
    place: sql<string>`(extract(epoch FROM ${at}) * 1000000)::bigint || '_' || ${id}`,

    /** The condition of the rows after a place; all of them without one. */
    isAfter (place: string | null): SQL | undefined {
      if (place === null) return undefined
      const [microseconds, lastId] = place.split('_')
      return sql`(${at}, ${id}) < (timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us', ${lastId}::uuid)`
    }
  }
}

/** The place after which the next page begins, or `null` at the end. */
export function nextPlace (rows: ReadonlyArray<{ place: string }>, limit: number): string | null {
  const last = rows.at(limit - 1)
  return last === undefined ? null : last.place
}
