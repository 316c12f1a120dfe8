import type { challenges } from '../../db/mail-schema.js'
import type { Fragment, Pool } from '../../db/pool.js'
import type { ChallengePurpose } from '../../db/stored-values.js'
import type { CodeHashes } from './challenge-secrets.js'
import { challengeRules, codeLifetime, codeTries } from './rules.js'

type StoredChallenge = typeof challenges.$inferSelect

/** A challenge about to be stored. */
export type NewChallenge = Pick<StoredChallenge, 'id' | 'purpose' | 'email' | 'codeHash' | 'linkHash'>

/** A challenge as it was when a code or a link was presented. */
export type PresentedRow = Pick<StoredChallenge, 'id' | 'email'> & {
  /** Whether what was presented is right for it. */
  isMatch: boolean
  isUsed: boolean
  /** Whether what was presented is still good for it. */
  isInTime: boolean
  /** Before this one. */
  triesLeft: number
  /** Whether nothing has happened to the account since that ends it. */
  isCurrent: boolean
}

/** Which challenges something was presented for. */
export interface PresentedFor {
  accountId: string
  purpose: ChallengePurpose
}

/** The body of a CTE that stores a challenge for each row of `source`, with the columns `account_id` and `epoch`. */
export function insertChallenge (sql: Pool, challenge: NewChallenge, source: string): Fragment {
  const { id, purpose, email, codeHash, linkHash } = challenge
  return sql`
    INSERT INTO challenges AS challenge (
      account_id, id, purpose, email, epoch, code_hash, link_hash, tries_left, code_expires_at, expires_at)
    SELECT source.account_id, ${id}::uuid, ${purpose}, ${email}, source.epoch, ${codeHash}::bytea, ${linkHash}::bytea,
      ${codeTries}::int, now() + make_interval(secs => ${codeLifetime}),
      now() + make_interval(secs => ${challengeRules[purpose].linkLifetime})
    FROM ${sql.unsafe(source)} AS source`
}

/** The condition that the account is as it was when the challenge was made, under the names of both. */
function isCurrent (sql: Pool, { accountId, purpose }: PresentedFor): Fragment {
  const asBefore = challengeRules[purpose].endsWithAccess
    ? sql`AND account.epoch = challenge.epoch`
    : sql``
  const hasAddress = purpose === 'change_email' || purpose === 'undo_email_change'
    ? sql``
    : sql`AND account.email = challenge.email`
  return sql`EXISTS (
    SELECT FROM accounts AS account
    WHERE account.id = ${accountId} AND account.disabled_at IS NULL ${asBefore} ${hasAddress})`
}

/**
 * Compares a code with all challenges of a purpose and, if it is right for none that is open, takes a try from each:
 * of any number at once, no more than the tries are ever compared with one code. Returns them, the newest first.
 */
export function presentCode (sql: Pool, { accountId, purpose }: PresentedFor, hashes: CodeHashes) {
  return sql<PresentedRow[]>`
    WITH challenge AS MATERIALIZED (
      SELECT challenge.id, challenge.email, challenge.created_at, challenge.tries_left,
        challenge.code_hash IN (${hashes.current}, ${hashes.previous}) AS is_match,
        challenge.used_at IS NOT NULL AS is_used,
        challenge.code_expires_at > now() AS is_in_time,
        ${isCurrent(sql, { accountId, purpose })} AS is_current
      FROM challenges AS challenge
      WHERE challenge.account_id = ${accountId} AND challenge.purpose = ${purpose} AND challenge.code_hash IS NOT NULL
      ORDER BY challenge.id FOR UPDATE
    ), missed AS (
      UPDATE challenges AS wrong SET tries_left = wrong.tries_left - 1 FROM challenge
      WHERE wrong.account_id = ${accountId} AND wrong.id = challenge.id
        AND challenge.is_in_time AND challenge.tries_left > 0
        AND NOT EXISTS (
          SELECT FROM challenge AS correct
          WHERE correct.is_match AND correct.is_in_time AND correct.tries_left > 0 AND NOT correct.is_used
        )
    )
    SELECT id, email, is_match, is_used, is_in_time, tries_left, is_current FROM challenge
    ORDER BY created_at DESC`
}

/** Compares a link with its challenge; returns it, or no row if there is none. */
export function presentLink (sql: Pool, { accountId, purpose }: PresentedFor, id: string, linkHash: Buffer) {
  return sql<PresentedRow[]>`
    SELECT challenge.id, challenge.email, challenge.tries_left,
      challenge.link_hash = ${linkHash} AS is_match,
      challenge.used_at IS NOT NULL AS is_used,
      challenge.expires_at > now() AS is_in_time,
      ${isCurrent(sql, { accountId, purpose })} AS is_current
    FROM challenges AS challenge
    WHERE challenge.account_id = ${accountId} AND challenge.id = ${id} AND challenge.purpose = ${purpose}`
}

/**
 * CTE definitions that use a challenge up, and with it the others of its purpose. Of any number of statements with it
 * one gets a row of `spent` (`account_id`, `email`, `epoch`). Undoing a change of address leaves the links of earlier
 * changes, which lead further back.
 */
export function spendChallenge (sql: Pool, { accountId, purpose }: PresentedFor, id: string): Fragment {
  const areEnded = purpose === 'undo_email_change' ? sql`other.created_at >= chosen.created_at` : sql`true`
  return sql`
    open_challenge AS MATERIALIZED (
      SELECT other.id, other.used_at, other.created_at FROM challenges AS other
      WHERE other.account_id = ${accountId} AND other.purpose = ${purpose}
      ORDER BY other.id FOR UPDATE
    ), ended_challenge AS (
      UPDATE challenges AS challenge SET used_at = now()
      FROM open_challenge AS other, open_challenge AS chosen
      WHERE challenge.account_id = ${accountId} AND challenge.id = other.id
        AND chosen.id = ${id} AND chosen.used_at IS NULL AND ${areEnded}
      RETURNING challenge.account_id, challenge.id, challenge.email, challenge.epoch
    ), spent AS (
      SELECT account_id, email, epoch FROM ended_challenge WHERE id = ${id}
    )`
}

/** The condition that a challenge was spent in this statement, for an account that is as it was when it was made. */
export function isSpent (sql: Pool, { purpose }: Pick<PresentedFor, 'purpose'>): Fragment {
  const asBefore = challengeRules[purpose].endsWithAccess ? sql`AND spent.epoch = account.epoch` : sql``
  return sql`account.disabled_at IS NULL AND EXISTS (
    SELECT FROM spent WHERE spent.account_id = account.id ${asBefore})`
}
