import type { Fragment, Sql } from 'postgres'

/** Everything that is put on record. A record is written by the statement that does the deed, or not at all. */
export const auditEventNames = [
  'account_created',
  'account_disabled',
  'account_enabled',
  'account_deleted',
  'subscription_changed',
  'password_changed',
  'signed_in',
  'signed_out',
  'session_revoked',
  'refresh_retried_late',
  'refresh_token_reused'
] as const

export type AuditEvent = typeof auditEventNames[number]

/**
 * The body of a CTE that puts an event on record for every row of `source`, another CTE of the same statement
 * with the columns `account_id` and `session_id`.
 */
export function recordEvent (sql: Sql, event: AuditEvent, source: string, address: string | null): Fragment {
  return sql`
    INSERT INTO audit_events (account_id, event, session_id, address)
    SELECT account_id, ${event}, session_id, ${address} FROM ${sql(source)}`
}
