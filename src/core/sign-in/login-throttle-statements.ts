import type { Pool } from '../../db/pool.js'
import type { accounts } from '../../db/schema.js'
import { statementPart, type StatementPart } from '../../db/statement-part.js'
import { recordEvents } from '../audit/audit.js'
import { isLive } from '../sessions/session-row.js'

type Account = typeof accounts.$inferSelect

/** Of `reserve`: the account, if one has the email, and the result of the reservation. */
export interface ReservedRow {
  id: Account['id'] | null
  passwordHash: Account['passwordHash'] | null
  isDisabled: boolean | null
  /** Whether every key had room. */
  isAdmitted: boolean
  /** The keys that had. */
  reservedKeys: string[]
  /** The time of the reservation to the microsecond, which names it. */
  startedAt: string
  /** Seconds until the failures of a full key cease to count; `null` when attempts in flight fill it. */
  retryAfter: number | null
}

/** What a reservation counts under, and how many failures and attempts in flight each key admits. */
export interface Reservation {
  email: string
  network: string
  limits: ReadonlyArray<{ key: string, limit: number }>
  /** The key that does not count for a network with a live session of the account. */
  strangersKey: string
}

/** What is recorded of a failure. */
export interface FailedAttempt {
  event: 'sign_in_failed' | 'password_change_failed'
  address: string | null
}

/** Attempts in flight at most so many seconds; an older one was left behind by a process that died. */
const maxAttemptSeconds = 60

/** The statements of the login throttle. Rows are locked in the order of their keys: no two attempts deadlock. */
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
  const live = isLive(sql)

  return {
    /** Reserves an attempt under every key that has room, and reads the account. */
    reserve ({ email, network, limits, strangersKey }: Reservation) {
      return sql<[ReservedRow]>`
        WITH account AS (
          SELECT * FROM accounts WHERE email = ${email}
        ), known AS (
          SELECT EXISTS (
            SELECT FROM sessions AS session JOIN account ON account.id = session.account_id
            WHERE session.network = ${network} AND ${live}
          ) AS is_known
        ), keys AS MATERIALIZED (
          SELECT key, most
          FROM known, unnest(
            ${limits.map(({ key }) => key)}::text[], ${limits.map(({ limit }) => limit)}::int[]
          ) AS limits (key, most)
          WHERE NOT (key = ${strangersKey} AND is_known) ORDER BY key
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
        SELECT account.id, account.password_hash, account.disabled_at IS NOT NULL AS is_disabled,
          (SELECT count(*) FROM reserved) = (SELECT count(*) FROM keys) AS is_admitted,
          ARRAY(SELECT key FROM reserved) AS reserved_keys,
          (SELECT started_at::text FROM moment) AS started_at,
          (
            SELECT ceil(extract(epoch FROM max(throttle.ends_at) - clock_timestamp()))::int
            FROM login_throttle AS throttle JOIN keys USING (key)
            WHERE throttle.failures >= keys.most AND throttle.ends_at > clock_timestamp()
          ) AS retry_after
        FROM (VALUES (1)) AS one LEFT JOIN account ON true`
    },

    /** Removes the attempt, and clears the failures under `forgivenKeys`. */
    release (keys: readonly string[], startedAt: string, forgivenKeys: readonly string[]): StatementPart {
      return statementPart(sql`
        UPDATE login_throttle AS throttle SET
          guesses = ${withoutAttempt(startedAt)},
          failures = CASE WHEN throttle.key = ANY(${forgivenKeys}::text[]) THEN 0 ELSE throttle.failures END
        FROM ${locked(keys)} WHERE throttle.key = locked.key`)
    },

    /**
     * Removes the attempt and counts a failure, for so many seconds from the first one on; records it, and that it was
     * the last one that a key admits.
     */
    countFailure (
      keys: readonly string[], startedAt: string, windowSeconds: number,
      { event, accountId, address }: FailedAttempt & { accountId: string }
    ) {
      return sql`
        WITH counted AS (
          UPDATE login_throttle AS throttle SET
            guesses = ${withoutAttempt(startedAt)},
            failures = 1 + ${failures},
            ends_at = CASE WHEN throttle.failures > 0 AND throttle.ends_at > clock_timestamp()
              THEN throttle.ends_at ELSE clock_timestamp() + make_interval(secs => ${windowSeconds}) END
          FROM ${locked(keys)} WHERE throttle.key = locked.key
          RETURNING throttle.failures = throttle.most AS is_last
        ), failed AS (
          SELECT ${accountId}::uuid AS account_id, NULL::uuid AS session_id
        ), locked_out AS (
          SELECT * FROM failed WHERE EXISTS (SELECT FROM counted WHERE is_last)
        ), record_lock AS (${recordEvents(sql, ['sign_in_locked'], 'locked_out', { address })})
        ${recordEvents(sql, [event], 'failed', { address })}`
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
