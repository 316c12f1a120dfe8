import type { Fragment, Pool } from '../../db/pool.js'
import type { accounts, sessions } from '../../db/schema.js'

type Session = typeof sessions.$inferSelect
type Account = typeof accounts.$inferSelect

/** The data from which the tokens of a session are issued. */
export type TokenSubject = Pick<Session, 'accountId' | 'contract' | 'generation'> & Pick<Account, 'email'> & {
  /** Seconds until the session expires, by the database's clock. */
  expiresIn: number
}

/*
 * Every statement names its tables `session` and `account`, so that these facts are written once. Epochs are compared
 * with `<=`: a statement that waited for the session's row sees the new session but the old account, when a password
 * change in between kept the session.
 */

/**
 * Parts of a statement as text, for `fixedStatement`; the functions below are the same as fragments.
 *
 * `at` is the time of the statement: `now()` in a SELECT. A distributed Postgres takes no such function in RETURNING
 * or CASE (ADR 0018), so statements that need it there name a column that has it.
 */
export const sessionSql = {
  subject: (at: string, emailFrom = 'account') => `
    session.account_id, ${emailFrom}.email, session.contract, session.generation,
    extract(epoch FROM session.expires_at - ${at})::float8 AS expires_in`,
  /** Of the session alone. */
  isUnended: 'session.ended_at IS NULL AND session.expires_at > now()',
  isLive: `
    session.ended_at IS NULL AND session.expires_at > now()
    AND account.epoch <= session.epoch AND account.disabled_at IS NULL`,
  isOpenTo: (place: string) => `coalesce(session.client_id, ${place}) IS NOT DISTINCT FROM ${place}`,
  /** When the session ends whatever happens; of immutable functions only, which a distributed Postgres asks for. */
  maxEnd: (seconds: number) =>
    `(session.created_at AT TIME ZONE 'UTC' + interval '${Number(seconds)} s') AT TIME ZONE 'UTC'`
}

/** The columns of a `TokenSubject`. */
export function tokenSubject (sql: Pool, at = 'now()'): Fragment {
  return sql.unsafe(sessionSql.subject(at))
}

/** The condition that a session is live. */
export function isLive (sql: Pool): Fragment {
  return sql.unsafe(sessionSql.isLive)
}

/** The condition that a client, or `null` for the user's own application, may use the session's refresh tokens. */
export function isOpenTo (sql: Pool, clientId: string | null): Fragment {
  return sql`coalesce(session.client_id, ${clientId}) IS NOT DISTINCT FROM ${clientId}`
}

export type SessionState = 'ended' | 'expired' | 'live'

/** The same as a value: a `SessionState`. An end is more specific than an expiry, so it takes precedence. */
export function sessionState (sql: Pool, at = 'now()'): Fragment {
  return sql`
    CASE
      WHEN session.ended_at IS NOT NULL OR account.epoch > session.epoch OR account.disabled_at IS NOT NULL
        THEN 'ended'
      WHEN session.expires_at <= ${sql.unsafe(at)} THEN 'expired'
      ELSE 'live'
    END`
}
