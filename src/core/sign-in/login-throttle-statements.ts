import { actorOf, type AuditEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'

/** The result of a reservation. */
export interface ReservedRow {
  /** Whether every key had room. */
  isAdmitted: boolean
  /** The keys that had. */
  reservedKeys: string[]
  /** The time of the reservation to the microsecond, which names it. */
  startedAt: string
  /** Seconds until the failures of a full key cease to count; `null` when attempts in flight fill it. */
  retryAfter: number | null
}

/** A key that a reservation counts under, and how many failures and attempts in flight it admits. */
export interface Limit {
  key: string
  limit: number
}

/** Whether a key admits no further failure. */
export interface CountedRow {
  isLast: boolean
}

/** What is recorded of a failure. */
export interface FailedAttempt {
  event: 'sign_in_failed' | 'password_change_failed' | 'code_failed'
  address: string | null
}

/** Attempts in flight at most so many seconds; an older one was left behind by a process that died. */
const maxAttemptSeconds = 60

/**
 * The statements of the login throttle. Rows are locked in the order of their keys: no two attempts deadlock. They
 * touch no other table: the keys of an attempt have nothing in common, so on a distributed Postgres these rows stay on
 * one server. There the time is `clock_timestamp()`, also after a wait for a lock (ADR 0018).
 */
export function createLoginThrottleStatements (sql: Pool) {
  const locked = (keys: readonly string[]) => sql`(
    SELECT key FROM login_throttle WHERE key = ANY(${keys}) ORDER BY key FOR UPDATE) AS locked`
  // One of them only: attempts of the same microsecond have the same name.
  const withoutAttempt = (startedAt: string) => {
    const position = sql`coalesce(array_position(throttle.guesses, ${startedAt}::text::timestamptz), 0)`
    return sql`throttle.guesses[:${position} - 1] || throttle.guesses[${position} + 1:]`
  }
  const failures = sql`CASE WHEN throttle.ends_at > clock_timestamp() THEN throttle.failures ELSE 0 END`
  const inFlight = sql`ARRAY(
    SELECT started_at FROM unnest(throttle.guesses) AS started_at
    WHERE started_at > clock_timestamp() - make_interval(secs => ${maxAttemptSeconds}))`

  return {
    /** Reserves an attempt under every key that has room. */
    reserve (limits: readonly Limit[]) {
      return sql<[ReservedRow]>`
        WITH keys AS MATERIALIZED (
          SELECT key, most FROM unnest(
            ${limits.map(({ key }) => key)}::text[], ${limits.map(({ limit }) => limit)}::int[]
          ) AS limits (key, most) ORDER BY key
        ), moment AS MATERIALIZED (
          SELECT clock_timestamp() AS started_at
        ), reserved AS (
          INSERT INTO login_throttle AS throttle (key, most, guesses)
          SELECT key, most, ARRAY[started_at] FROM keys, moment ORDER BY key
          ON CONFLICT (key) DO UPDATE SET
            most = excluded.most,
            failures = ${failures},
            guesses = ${inFlight} || excluded.guesses
          WHERE ${failures} + cardinality(${inFlight}) < excluded.most
          RETURNING key
        )
        SELECT (SELECT count(*) FROM reserved) = (SELECT count(*) FROM keys) AS is_admitted,
          ARRAY(SELECT key FROM reserved) AS reserved_keys,
          (SELECT started_at::text FROM moment) AS started_at,
          (
            SELECT ceil(extract(epoch FROM max(throttle.ends_at) - clock_timestamp()))::int
            FROM login_throttle AS throttle JOIN keys USING (key)
            WHERE throttle.failures >= keys.most AND throttle.ends_at > clock_timestamp()
          ) AS retry_after`
    },

    /** Removes the attempt, and clears the failures under `forgivenKeys`. */
    release (keys: readonly string[], startedAt: string, forgivenKeys: readonly string[]) {
      return sql`
        UPDATE login_throttle AS throttle SET
          guesses = ${withoutAttempt(startedAt)},
          failures = CASE WHEN throttle.key = ANY(${forgivenKeys}::text[]) THEN 0 ELSE throttle.failures END
        FROM ${locked(keys)} WHERE throttle.key = locked.key`
    },

    /**
     * Removes the attempt and counts a failure, for so many seconds from the first one on; returns of each key whether
     * it was the last one that it admits.
     */
    countFailure (keys: readonly string[], startedAt: string, windowSeconds: number) {
      return sql<CountedRow[]>`
        UPDATE login_throttle AS throttle SET
          guesses = ${withoutAttempt(startedAt)},
          failures = 1 + ${failures},
          ends_at = CASE WHEN throttle.failures > 0 AND throttle.ends_at > clock_timestamp()
            THEN throttle.ends_at ELSE clock_timestamp() + make_interval(secs => ${windowSeconds}) END
        FROM ${locked(keys)} WHERE throttle.key = locked.key
        RETURNING throttle.failures = throttle.most AS is_last`
    },

    /** Deletes rows whose counts have expired, a batch at a time. */
    deleteExpired () {
      return sql`
        DELETE FROM login_throttle WHERE key IN (
          SELECT key FROM login_throttle AS throttle
          WHERE ends_at < clock_timestamp() AND cardinality(${inFlight}) = 0
          LIMIT 1000 FOR UPDATE SKIP LOCKED)`
    }
  }
}

/** Whose failed attempt is recorded. */
export interface FailedAccount {
  accountId: string
  /** What the email is known by, where no account has it. */
  subject: string | null
}

/** Records failures of an account, or of an email that no account has. */
export function insertFailures (
  sql: Pool, { accountId, subject }: FailedAccount, events: readonly AuditEvent[], address: string | null
) {
  const actors = events.map(event => actorOf(event, undefined))
  return sql`
    INSERT INTO audit_events AS audit_event (account_id, event, address, actor, subject)
    SELECT ${accountId}::uuid, record.event, ${address}, record.actor, ${subject}::text
    FROM unnest(${events}::text[], ${actors}::text[]) AS record (event, actor)`
}
