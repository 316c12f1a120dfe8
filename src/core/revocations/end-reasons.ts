import type { AuditEvent } from '../../db/audit-events.js'
import type { EndReason } from '../../db/stored-values.js'
import type { TokenErrorReason } from '../errors.js'

interface End {
  /** What the holder of a token of the session gets as the reason. */
  reason: TokenErrorReason
  /** What is recorded for each session; nothing where a record of the account says it. */
  event: AuditEvent | null
}

/** Every reason for which a session ends. */
export const ends = {
  signed_out: { reason: 'signed_out', event: 'signed_out' },
  revoked: { reason: 'revoked', event: 'session_revoked' },
  reused: { reason: 'reused', event: 'refresh_token_reused' },
  password_changed: { reason: 'revoked', event: 'session_revoked' },
  session_limit: { reason: 'revoked', event: 'session_limit_reached' },
  disabled: { reason: 'revoked', event: null },
  deletion_scheduled: { reason: 'revoked', event: null },
  email_change_undone: { reason: 'revoked', event: 'session_revoked' }
} as const satisfies Record<EndReason, End>

/**
 * Why tokens of an ended session are rejected. A session without a reason ended with its account's epoch; a reason that
 * is not in the table was stored by another version.
 */
export function tokenErrorFor (endReason: EndReason | null): TokenErrorReason {
  const known: Partial<Record<string, End>> = ends
  return known[endReason ?? '']?.reason ?? 'revoked'
}
