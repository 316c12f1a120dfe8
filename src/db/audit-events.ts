/** The properties of a kind of audit record. */
interface AuditEventKind {
  /** Whether cached validations of the session or account are stale after it. */
  invalidatesCache: boolean
  /** The security event that partners get for it (OpenID CAEP 1.0, sections 3.1 and 3.3), or `null` for none. */
  partnerEvent: 'session-revoked' | 'credential-change' | null
  /** Who caused it, as CAEP's `initiating_entity`. */
  initiatedBy: 'user' | 'admin' | 'policy'
  /** Who may read such records: the account's owner too, or operators only. */
  visibleTo: 'owner' | 'operator'
}

const kind = <Partner extends AuditEventKind['partnerEvent']> (
  invalidatesCache: boolean, partnerEvent: Partner, initiatedBy: AuditEventKind['initiatedBy'],
  visibleTo: AuditEventKind['visibleTo']
) => ({ invalidatesCache, partnerEvent, initiatedBy, visibleTo })

/** Every kind of audit record. A record is written by the statement that makes the change, or not at all. */
export const auditEventKinds = {
  signed_out: kind(true, 'session-revoked', 'user', 'owner'),
  session_revoked: kind(true, 'session-revoked', 'admin', 'owner'),
  refresh_token_reused: kind(true, 'session-revoked', 'policy', 'owner'),
  session_limit_reached: kind(true, 'session-revoked', 'policy', 'owner'),
  account_disabled: kind(true, 'session-revoked', 'admin', 'operator'),
  account_deleted: kind(true, 'session-revoked', 'admin', 'operator'),
  password_changed: kind(true, 'credential-change', 'user', 'owner'),
  subscription_changed: kind(true, null, 'admin', 'owner'),
  profile_changed: kind(true, null, 'user', 'owner'),
  password_reset: kind(true, 'credential-change', 'user', 'owner'),
  email_verified: kind(true, null, 'user', 'owner'),
  email_changed: kind(true, null, 'user', 'owner'),
  email_change_undone: kind(true, null, 'user', 'owner'),
  deletion_scheduled: kind(true, 'session-revoked', 'user', 'owner'),
  account_created: kind(false, null, 'user', 'owner'),
  deletion_canceled: kind(false, null, 'user', 'owner'),
  account_enabled: kind(false, null, 'admin', 'operator'),
  signed_in: kind(false, null, 'user', 'owner'),
  sign_in_failed: kind(false, null, 'user', 'owner'),
  sign_in_locked: kind(false, null, 'policy', 'owner'),
  password_change_failed: kind(false, null, 'user', 'owner'),
  code_failed: kind(false, null, 'user', 'owner'),
  refresh_retried_late: kind(false, null, 'user', 'operator'),
  refresh_fast_forwarded: kind(false, null, 'user', 'operator'),
  client_added: kind(false, null, 'admin', 'operator'),
  client_removed: kind(false, null, 'admin', 'operator'),
  client_refused: kind(false, null, 'policy', 'operator'),
  key_announced: kind(false, null, 'admin', 'operator'),
  key_activated_sooner: kind(false, null, 'admin', 'operator')
} as const satisfies Record<string, AuditEventKind>

type Kinds = typeof auditEventKinds

/** Who acts where the caller does not say. */
const actors = { user: 'user', admin: 'operator', policy: 'policy' } as const

/** @param actor of the request, which a rule that fires during it does not become */
export function actorOf (event: AuditEvent, actor: string | undefined): string {
  const { initiatedBy } = auditEventKinds[event]
  return initiatedBy === 'policy' ? actors.policy : actor ?? actors[initiatedBy]
}

export type AuditEvent = keyof Kinds

/** The events that partners get. */
export type PartnerEvent = {
  [Event in AuditEvent]: Kinds[Event]['partnerEvent'] extends null ? never : Event
}[AuditEvent]

/** Conditions in SQL: a partial index serves only a query that spells out what implies the index's own condition. */
export const isPartnerEvent = isOneOf(kind => kind.partnerEvent !== null)
export const isCacheInvalidatingEvent = isOneOf(kind => kind.invalidatesCache)
export const isOwnersEvent = isOneOf(kind => kind.visibleTo === 'owner')

/** In the table's order: the partial index of the migrations has it too, and drizzle-kit compares texts. */
function isOneOf (applies: (kind: AuditEventKind) => boolean): string {
  const events = Object.entries<AuditEventKind>(auditEventKinds).filter(([, kind]) => applies(kind))
  return `event IN (${events.map(([name]) => `'${name}'`).join(', ')})`
}
