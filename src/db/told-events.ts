/** Records that partners are told of. */
export const toldEvents = [
  'signed_out', 'session_revoked', 'refresh_token_reused', 'account_disabled', 'account_deleted', 'password_changed'
] as const

/** The same as a condition in SQL: a partial index serves only a query that spells its condition alike. */
export const isToldEvent = `event IN (${toldEvents.map(name => `'${name}'`).join(', ')})`
