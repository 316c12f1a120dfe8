/** Records that partners are told of. */
export const partnerEvents = [
  'signed_out', 'session_revoked', 'refresh_token_reused', 'account_disabled', 'account_deleted', 'password_changed'
] as const

/** Records that change what a cache may remember. */
export const cacheInvalidatingEvents = [...partnerEvents, 'subscription_changed'] as const

/** As conditions in SQL: a partial index serves only a query that spells out what implies its own condition. */
export const isPartnerEvent = isOneOf(partnerEvents)
export const isCacheInvalidatingEvent = isOneOf(cacheInvalidatingEvents)

function isOneOf (events: readonly string[]): string {
  return `event IN (${events.map(name => `'${name}'`).join(', ')})`
}
