import { createHmac } from 'node:crypto'
import type { Fragment, Sql } from 'postgres'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { networkOf } from '../lib/network.js'

export interface LoginThrottleSettings {
  /** Failures of an account from one network. */
  LOGIN_MAX_FAILURES: number
  /** Failures of an account from networks without a live session of it. */
  LOGIN_MAX_FAILURES_PER_ACCOUNT: number
  /** Failures of a network over all accounts. */
  LOGIN_MAX_FAILURES_PER_ADDRESS: number
  /** Seconds for which failures count. */
  LOGIN_FAILURE_WINDOW: number
}

/** Who tries, and the account that was found under the email. */
export interface Attempt {
  account: { id: string, hash: string, disabled: boolean } | null
  /** Where a guess is reserved for this attempt, and when it began. */
  reservedKeys: readonly string[]
  startedAt: string
  /** The first of them: of this account, from this network. */
  accountNetworkKey: string
}

interface AttemptRow {
  id: string | null
  hash: string | null
  disabled: boolean | null
  admitted: boolean
  reserved: string
  began: string
  retryAfter: number | null
}

export type LoginThrottle = ReturnType<typeof createLoginThrottle>

/** Seconds after which a guess that nobody settled is given back: its process died. */
const maxAttemptSeconds = 60

/**
 * Counts failed sign-ins where all instances see them (OWASP ASVS 6.3.1). A guess is reserved before it is evaluated
 * and settled afterwards, so of any number of guesses at once only as many are evaluated as could fail.
 */
export function createLoginThrottle (
  { sql, keyring, settings }: { sql: Sql, keyring: Keyring, settings: LoginThrottleSettings }
) {
  /** What is typed for an email may be a password: its name is told to nobody who has only the database. */
  const nameOf = (...parts: string[]) =>
    createHmac('sha256', keyring[0].throttle).update(JSON.stringify(parts)).digest('base64url')

  const named = (names: readonly string[]) => sql`string_to_array(${names.join()}, ',')`

  /** Rows are locked in the order of their keys, here and in `reserve`: two attempts never wait for each other. */
  const locked = (names: readonly string[]) => sql`(
    SELECT key FROM login_throttle WHERE key = ANY(${named(names)}) ORDER BY key FOR UPDATE) AS locked`

  /** The body of a CTE or a statement that gives the guess back, and forgives this network's failures. */
  function success ({ reservedKeys, startedAt, accountNetworkKey }: Attempt): Fragment {
    return sql`
      UPDATE login_throttle AS throttle SET
        guesses = array_remove(guesses, ${startedAt}::text::timestamptz),
        failures = CASE WHEN throttle.key = ${accountNetworkKey} THEN 0 ELSE failures END
      FROM ${locked(reservedKeys)} WHERE throttle.key = locked.key`
  }

  async function release (reserved: readonly string[], began: string): Promise<void> {
    await sql`
      UPDATE login_throttle AS throttle SET guesses = array_remove(guesses, ${began}::text::timestamptz)
      FROM ${locked(reserved)} WHERE throttle.key = locked.key`
  }

  /** What counts of a row now. */
  const failures = sql`CASE WHEN throttle.ends_at > clock_timestamp() THEN throttle.failures ELSE 0 END`
  const guesses = sql`ARRAY(
    SELECT began FROM unnest(throttle.guesses) AS began
    WHERE began > clock_timestamp() - make_interval(secs => ${maxAttemptSeconds}))`

  return {
    success,

    /**
     * Reserves a guess and finds the account, in one statement.
     * @throws AuthError `too_many_failures`; `overloaded` when too many guesses are under way at once
     */
    async reserve (email: string, address: string | null): Promise<Attempt> {
      const network = networkOf(address) ?? 'unknown'
      const own = nameOf('account from network', email, network)
      const [row] = await sql<[AttemptRow]>`
        WITH account AS (
          SELECT id, password_hash AS hash, disabled_at IS NOT NULL AS disabled FROM accounts WHERE email = ${email}
        ), known AS (
          SELECT EXISTS (
            SELECT FROM sessions JOIN account ON account.id = sessions.account_id
            WHERE sessions.network = ${network} AND sessions.ended_at IS NULL
              AND sessions.expires_at > clock_timestamp()
          ) AS is_known
        ), keys AS MATERIALIZED (
          SELECT key, most FROM known, (VALUES
            (${own}, ${settings.LOGIN_MAX_FAILURES}::int, false),
            (${nameOf('account', email)}, ${settings.LOGIN_MAX_FAILURES_PER_ACCOUNT}::int, true),
            (${nameOf('network', network)}, ${settings.LOGIN_MAX_FAILURES_PER_ADDRESS}::int, false)
          ) AS limits (key, most, for_strangers)
          WHERE NOT (for_strangers AND is_known) ORDER BY key
        ), moment AS MATERIALIZED (
          SELECT clock_timestamp() AS began
        ), reserved AS (
          INSERT INTO login_throttle AS throttle (key, most, guesses)
          SELECT key, most, ARRAY[began] FROM keys, moment ORDER BY key
          ON CONFLICT (key) DO UPDATE SET
            most = excluded.most,
            failures = ${failures},
            guesses = ${guesses} || excluded.guesses
          WHERE ${failures} + cardinality(${guesses}) < excluded.most
          RETURNING key
        )
        SELECT account.id, account.hash, account.disabled,
          (SELECT count(*) FROM reserved) = (SELECT count(*) FROM keys) AS admitted,
          (SELECT coalesce(string_agg(key, ','), '') FROM reserved) AS reserved,
          (SELECT began::text FROM moment) AS began,
          (
            SELECT ceil(extract(epoch FROM max(throttle.ends_at) - clock_timestamp()))::int
            FROM login_throttle AS throttle JOIN keys USING (key)
            WHERE throttle.failures >= keys.most AND throttle.ends_at > clock_timestamp()
          ) AS "retryAfter"
        FROM (VALUES (1)) AS one LEFT JOIN account ON true`
      const reserved = row.reserved.split(',')
      if (!row.admitted) {
        await release(reserved, row.began)
        throw row.retryAfter === null
          ? new AuthError('overloaded')
          : new AuthError('too_many_failures', { retryAfter: row.retryAfter })
      }
      const { id, hash, disabled, began } = row
      const account = id === null || hash === null ? null : { id, hash, disabled: disabled === true }
      return { account, reservedKeys: reserved, startedAt: began, accountNetworkKey: own }
    },

    /** Counts a failure. */
    async failure ({ reservedKeys, startedAt }: Attempt): Promise<void> {
      const window = sql`make_interval(secs => ${settings.LOGIN_FAILURE_WINDOW})`
      await sql`
        UPDATE login_throttle AS throttle SET
          guesses = array_remove(guesses, ${startedAt}::text::timestamptz),
          failures = 1 + CASE WHEN ends_at > clock_timestamp() THEN failures ELSE 0 END,
          ends_at = CASE WHEN failures > 0 AND ends_at > clock_timestamp()
            THEN ends_at ELSE clock_timestamp() + ${window} END
        FROM ${locked(reservedKeys)} WHERE throttle.key = locked.key`
    },

    /** Forgets what counts no more. */
    async deleteExpired (): Promise<void> {
      await sql`
        DELETE FROM login_throttle WHERE key IN (
          SELECT key FROM login_throttle AS throttle
          WHERE ends_at < clock_timestamp() AND cardinality(${guesses}) = 0
          LIMIT 1000 FOR UPDATE SKIP LOCKED)`
    }
  }
}
