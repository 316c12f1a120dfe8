import type { Fragment, Pool } from '../../db/pool.js'

/*
 * A session row has its last rotations, so that a traded token is classified by the age of its own rotation, however
 * many came after it (ADR 0015). The last one is in `previous_hash`, `nonce` and `rotated_at`. Those before it are in
 * `earlier_…`, newest first, and null in a session that is refreshed once in a while: only rotations inside the retry
 * window are of use, and each of those is kept. One more than fit is not made; its token is returned once more.
 *
 * Version 0.1 rotates without these columns. Whether they are complete shows in `earlier_generation`: it is the row's
 * generation, and stays null after a rotation by 0.1 until a rotation that finds the last one outside the window.
 */

const keptRotations = 4
const hashBytes = 32
const nonceBytes = 32
const recordBytes = hashBytes + nonceBytes

/** Stands for a rotation whose commit was lost: no secret has this hash. */
export const unknownRecord = Buffer.alloc(recordBytes)

/** Parts of statements about the row `session`; those with a time in them read the CTE `moment`. */
export interface RecentRotations<Part = Fragment> {
  /** Defines `moment`: `at`, the time of the statement, and `retry_from`, when the retry window began. */
  moment: Part
  /** Of an UPDATE that rotates: keeps the last rotation as an earlier one. */
  keepLast: Part
  /** Whether there is room for another rotation inside the retry window. */
  hasRoom: Part
  /** Whether all rotations inside the retry window are known. */
  areComplete: Part
  /** The time of each known rotation, newest first. */
  times: Part
  /** The hash of the traded secret and the nonce of each, newest first, without separators. */
  records: Part
  /** The hash of the secret that was traded by the rotation `depth` of `records`, counted from 1. */
  hashAtDepth: Part
  /** Whether nothing is known of that rotation (`unknownRecord`). */
  isUnknownAtDepth: Part
}

/**
 * The parts as text, for `fixedStatement`.
 * @param retryWindow in seconds
 */
export function recentRotationsSql (retryWindow: number): RecentRotations<string> {
  const areComplete = 'session.earlier_generation IS NOT DISTINCT FROM session.generation'
  // The same where null is as good as false, and short: the text of a hot statement has a price (db/statement.ts).
  const complete = 'session.earlier_generation = session.generation'
  const window = `interval '${Number(retryWindow)} s'`
  const isLastRecent = 'session.generation > 0 AND session.rotated_at > moment.retry_from'
  const times = `array_prepend(session.rotated_at, CASE WHEN ${areComplete} THEN session.earlier_rotated_at END)`
  const records = 'session.previous_hash || session.nonce || ' +
    `CASE WHEN ${areComplete} THEN coalesce(session.earlier_rotations, '') ELSE '' END`
  const kept = keptRotations - 1
  const hashAtDepth = `substring(records FROM (depth - 1) * ${recordBytes} + 1 FOR ${hashBytes})`
  return {
    moment: `moment AS MATERIALIZED (SELECT now() AS at, now() - ${window} AS retry_from)`,
    keepLast: `
      earlier_generation = CASE WHEN ${complete} OR NOT (${isLastRecent}) THEN session.generation + 1 END,
      earlier_rotations = CASE WHEN ${complete} AND ${isLastRecent} THEN substring(
        session.previous_hash || session.nonce || coalesce(session.earlier_rotations, '')
        FOR ${kept * recordBytes}) END,
      earlier_rotated_at = CASE WHEN ${complete} AND ${isLastRecent}
        THEN (array_prepend(session.rotated_at, session.earlier_rotated_at))[1:${kept}] END`,
    hasRoom: `
      (${complete} AND session.earlier_rotated_at[${kept}] > moment.retry_from) IS NOT TRUE`,
    areComplete,
    times,
    records,
    hashAtDepth,
    isUnknownAtDepth: `${hashAtDepth} = '\\x${unknownRecord.toString('hex', 0, hashBytes)}'::bytea`
  }
}

/** The same as fragments. */
export function createRecentRotations (sql: Pool, retryWindow: number): RecentRotations {
  const texts = recentRotationsSql(retryWindow)
  return {
    moment: sql.unsafe(texts.moment),
    keepLast: sql.unsafe(texts.keepLast),
    hasRoom: sql.unsafe(texts.hasRoom),
    areComplete: sql.unsafe(texts.areComplete),
    times: sql.unsafe(texts.times),
    records: sql.unsafe(texts.records),
    hashAtDepth: sql.unsafe(texts.hashAtDepth),
    isUnknownAtDepth: sql.unsafe(texts.isUnknownAtDepth)
  }
}

/**
 * Whether a time lies in the last `seconds` before the arrival of the statement, or after it: of a rotation that the
 * statement waited for. A window of 0 has no inside.
 */
export function isInWindow (sql: Pool, time: Fragment, seconds: number): Fragment {
  return seconds === 0 ? sql`false` : sql`${time} > moment.at - make_interval(secs => ${seconds})`
}

/** A rotation of `records`: what it was made with, and the hash of the secret that was traded. */
export function recordAt (records: Buffer, depth: number): { hash: Buffer, nonce: Buffer } {
  const from = (depth - 1) * recordBytes
  const nonceFrom = from + hashBytes
  return { hash: records.subarray(from, nonceFrom), nonce: records.subarray(nonceFrom, from + recordBytes) }
}
