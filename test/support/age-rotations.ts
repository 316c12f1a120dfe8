import type { Sql } from 'postgres'
import { earlier } from './earlier.js'

/** Makes all rotations of a session that many seconds older: the database's clock judges their ages. */
export function ageRotations (sql: Sql, sessionId: string, seconds: number, accountId?: string) {
  const isOfAccount = accountId === undefined ? sql`true` : sql`account_id = ${accountId}`
  return sql`
    UPDATE sessions SET rotated_at = ${earlier(sql, 'rotated_at', seconds)}, earlier_rotated_at = (
      SELECT array_agg(${earlier(sql, 'at', seconds)} ORDER BY number)
      FROM unnest(earlier_rotated_at) WITH ORDINALITY AS earlier (at, number))
    WHERE id = ${sessionId} AND ${isOfAccount}`
}

/** Rotates as version 0.1 does: without the columns that it does not know. Returns what `rotate` returns. */
export async function asOldRelease<Result> (
  sql: Sql, sessionId: string, rotate: () => Promise<Result>
): Promise<Result> {
  const [before] = await sql`
    SELECT earlier_generation, earlier_rotations, earlier_rotated_at::text FROM sessions WHERE id = ${sessionId}`
  const result = await rotate()
  await sql`
    UPDATE sessions SET earlier_generation = ${before?.earlier_generation},
      earlier_rotations = ${before?.earlier_rotations},
      earlier_rotated_at = ${before?.earlier_rotated_at}::timestamptz[]
    WHERE id = ${sessionId}`
  return result
}
