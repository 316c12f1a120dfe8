/** The contracts that begin sessions, as stored in `sessions.contract`. */
export const sessionContracts = ['partner', 'session', 'spa', 'tasks', 'web', 'account'] as const

export type SessionContract = typeof sessionContracts[number]

/** Why a session ended, as stored in `sessions.end_reason`. */
export const endReasons = [
  'signed_out', 'revoked', 'reused', 'password_changed', 'disabled', 'session_limit', 'deletion_scheduled',
  'email_change_undone'
] as const

export type EndReason = typeof endReasons[number]

/** What a client may ask the token endpoint for (RFC 6749 4.4 and 6, RFC 8693), as stored in `clients.grants`. */
export const clientGrants = [
  'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'
] as const

export type ClientGrant = typeof clientGrants[number]

/**
 * What else a client may be granted, as stored in `clients.permissions`: to introspect tokens (RFC 7662), to end
 * sessions (RFC 7009), to poll for security events (RFC 8936).
 */
export const clientPermissions = ['introspect', 'revoke', 'events'] as const

export type ClientPermission = typeof clientPermissions[number]

/** What becomes of a client's events (SSF 1.0, 8.1.2): they are sent, kept for later, or neither. */
export const streamStatuses = ['enabled', 'paused', 'disabled'] as const

export type StreamStatus = typeof streamStatuses[number]

/** Algorithms of stored signing keys (RFC 7518 3.1, RFC 8037 3.1), as in `signing_keys.algorithm`. */
export const storedAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const

export type StoredAlgorithm = typeof storedAlgorithms[number]

/** What an account can be found by, as stored in `account_identifiers.kind`. */
export type IdentifierKind = 'email' | 'username'

/** What a challenge is for, as stored in `challenges.purpose`. */
export const challengePurposes = [
  'verify_email', 'reset_password', 'change_email', 'undo_email_change', 'sign_in'
] as const

export type ChallengePurpose = typeof challengePurposes[number]

/** What a mail says, as stored in `mails.kind`; each has its templates. */
export const mailKinds = [
  'verify-email', 'reset-password', 'change-email', 'sign-in-code', 'sign-in-link', 'email-changed',
  'email-changed-by-operator', 'password-changed',
  'new-device', 'session-ended', 'deletion-scheduled', 'address-taken', 'test'
] as const

export type MailKind = typeof mailKinds[number]
