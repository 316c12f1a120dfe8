/** The security events of the feed (OpenID CAEP 1.0, section 3; OpenID RISC 1.0, section 2). */
export const partnerEventNames = [
  'session-revoked', 'credential-change', 'account-disabled', 'account-purged', 'identifier-changed'
] as const

export type PartnerEventName = typeof partnerEventNames[number]

/** The properties of a kind of audit record. */
interface AuditEventKind {
  /** Whether cached validations of the session or account are stale after it. */
  invalidatesCache: boolean
  /** The security events that partners get for it; the first has the id of the record. */
  partnerEvents: readonly PartnerEventName[]
  /** Who causes it where the record does not say. */
  initiatedBy: 'user' | 'admin' | 'policy'
  /** Who may read such records: the account's owner too, or operators only. */
  visibleTo: 'owner' | 'operator'
}

const kind = <const Names extends readonly PartnerEventName[]> (
  invalidatesCache: boolean, partnerEvents: Names, initiatedBy: AuditEventKind['initiatedBy'],
  visibleTo: AuditEventKind['visibleTo']
) => ({ invalidatesCache, partnerEvents, initiatedBy, visibleTo })

/** Every kind of audit record. A record is written by the statement that makes the change, or not at all. */
export const auditEventKinds = {
  signed_out: kind(true, ['session-revoked'], 'user', 'owner'),
  session_revoked: kind(true, ['session-revoked'], 'admin', 'owner'),
  refresh_token_reused: kind(true, ['session-revoked'], 'policy', 'owner'),
  session_limit_reached: kind(true, ['session-revoked'], 'policy', 'owner'),
  account_disabled: kind(true, ['session-revoked', 'account-disabled'], 'admin', 'operator'),
  account_deleted: kind(true, ['session-revoked', 'account-purged'], 'admin', 'operator'),
  password_changed: kind(true, ['credential-change'], 'user', 'owner'),
  subscription_changed: kind(true, [], 'admin', 'owner'),
  profile_changed: kind(true, [], 'user', 'owner'),
  password_reset: kind(true, ['credential-change'], 'user', 'owner'),
  email_verified: kind(true, [], 'user', 'owner'),
  email_changed: kind(true, ['identifier-changed'], 'user', 'owner'),
  email_change_undone: kind(true, ['identifier-changed'], 'user', 'owner'),
  deletion_scheduled: kind(true, ['session-revoked'], 'user', 'owner'),
  account_created: kind(false, [], 'user', 'owner'),
  account_imported: kind(false, [], 'admin', 'owner'),
  deletion_canceled: kind(false, [], 'user', 'owner'),
  account_enabled: kind(false, [], 'admin', 'operator'),
  signed_in: kind(false, [], 'user', 'owner'),
  sign_in_failed: kind(false, [], 'user', 'owner'),
  sign_in_locked: kind(false, [], 'policy', 'owner'),
  password_change_failed: kind(false, [], 'user', 'owner'),
  code_failed: kind(false, [], 'user', 'owner'),
  refresh_retried_late: kind(false, [], 'user', 'operator'),
  refresh_fast_forwarded: kind(false, [], 'user', 'operator'),
  client_added: kind(false, [], 'admin', 'operator'),
  client_changed: kind(false, [], 'admin', 'operator'),
  client_secret_rotated: kind(false, [], 'admin', 'operator'),
  client_removed: kind(false, [], 'admin', 'operator'),
  client_refused: kind(false, [], 'policy', 'operator'),
  webhook_added: kind(false, [], 'admin', 'operator'),
  webhook_changed: kind(false, [], 'admin', 'operator'),
  webhook_secret_rotated: kind(false, [], 'admin', 'operator'),
  webhook_removed: kind(false, [], 'admin', 'operator'),
  webhook_disabled: kind(false, [], 'policy', 'operator'),
  key_announced: kind(false, [], 'admin', 'operator'),
  key_activated_sooner: kind(false, [], 'admin', 'operator'),
  password_reset_sent: kind(false, [], 'admin', 'owner'),
  password_reset_required: kind(false, [], 'admin', 'owner'),
  admin_refused: kind(false, [], 'policy', 'operator')
} as const satisfies Record<string, AuditEventKind>

type Kinds = typeof auditEventKinds

/** What a record of an operator says besides; the values of changed members, none of which is a secret. */
export interface AuditDetails {
  reason?: string
  before?: Record<string, unknown>
  after?: Record<string, unknown>
}

/** Who acts where the caller does not say. */
const actors = { user: 'user', admin: 'operator', policy: 'policy' } as const

/** @param actor of the request, which a rule that fires during it does not become */
export function actorOf (event: AuditEvent, actor: string | undefined): string {
  const { initiatedBy } = auditEventKinds[event]
  return initiatedBy === 'policy' ? actors.policy : actor ?? actors[initiatedBy]
}

export type AuditEvent = keyof Kinds

/** The kinds of audit record that partners get security events for. */
export type PartnerEvent = {
  [Event in AuditEvent]: Kinds[Event]['partnerEvents'] extends readonly [] ? never : Event
}[AuditEvent]

/** Conditions in SQL: a partial index serves only a query that spells out what implies the index's own condition. */
export const isPartnerEvent = isOneOf(kind => kind.partnerEvents.length > 0)
export const isCacheInvalidatingEvent = isOneOf(kind => kind.invalidatesCache)
export const isOwnersEvent = isOneOf(kind => kind.visibleTo === 'owner')

/** In the table's order: the partial index of the migrations has it too, and drizzle-kit compares texts. */
function isOneOf (applies: (kind: AuditEventKind) => boolean): string {
  const events = Object.entries<AuditEventKind>(auditEventKinds).filter(([, kind]) => applies(kind))
  return `event IN (${events.map(([name]) => `'${name}'`).join(', ')})`
}
