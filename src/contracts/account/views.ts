import type { Account } from '../../core/accounts/account.js'
import { shortenAddress } from '../../core/lib/network.js'
import { deviceNameOf } from '../../core/sessions/device-name.js'
import type { SignedIn } from '../../core/sessions/session-start.js'
import type { LiveSession } from '../../core/sessions/sessions.js'
import type { IssuedTokens } from '../../core/sessions/token-issuer.js'
import { toSubscription } from '../../http/subscription.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { Session, User } from './schemas.js'

/** The user as they see themselves. */
export function toUser (account: Account): User {
  return {
    id: `user_${account.id}`,
    email: account.email,
    emailVerified: account.emailVerified,
    name: account.name,
    username: account.username,
    createdAt: toWholeSeconds(account.createdAt),
    subscription: toSubscription(account)
  }
}

export function toTokens ({ accessToken, refreshToken, expiresIn, refreshExpiresIn }: IssuedTokens) {
  return { token: accessToken, refreshToken, expiresIn, refreshExpiresIn }
}

export function toTokenSet (signedIn: SignedIn<'account'>) {
  return { ...toTokens(signedIn), user: toUser(signedIn.account) }
}

/** How exactly the list shows when a session was used. */
const seenWithinMs = 5 * 60_000

/** A session as its owner recognizes it. */
export function toSession (session: LiveSession, currentId: string): Session {
  const { id, contract, userAgent, createdAt, updatedAt, expiresAt, address } = session
  return {
    id,
    createdAt: toWholeSeconds(createdAt),
    lastSeenAt: toWholeSeconds(Math.max(
      Math.floor(updatedAt.getTime() / seenWithinMs) * seenWithinMs, createdAt.getTime())),
    expiresAt: toWholeSeconds(expiresAt),
    contract,
    device: deviceNameOf(session),
    userAgent,
    address: shortenAddress(address),
    isCurrent: id === currentId
  }
}
