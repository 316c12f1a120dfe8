import { displayName, type Account } from '../../core/accounts/account.js'
import type { LiveSession } from '../../core/sessions/sessions.js'
import type { Session, User } from './schemas.js'

/** The user as Better Auth's client types it. Nothing here verifies an email. */
export function toUser (account: Account): User {
  return {
    id: account.id,
    name: displayName(account),
    email: account.email,
    emailVerified: account.emailVerified,
    image: null,
    createdAt: new Date(account.createdAt).toISOString(),
    updatedAt: new Date(account.updatedAt).toISOString()
  }
}

/** The session as Better Auth's client types it; its `token` is the id, so that a list of sessions leaks nothing. */
export function toSession (accountId: string, session: Omit<LiveSession, 'contract' | 'deviceName'>): Session {
  return {
    id: session.id,
    token: session.id,
    userId: accountId,
    expiresAt: session.expiresAt.toISOString(),
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
    ipAddress: session.address,
    userAgent: session.userAgent
  }
}
