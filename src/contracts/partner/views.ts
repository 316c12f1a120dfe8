import { displayName, type Account } from '../../core/accounts/account.js'
import { toSubscription } from '../../http/subscription.js'
import type { User } from './schemas.js'

/** The user as partners see it. */
export function toUser (account: Account): User {
  return {
    id: `user_${account.id}`,
    email: account.email,
    name: displayName(account),
    subscription: toSubscription(account)
  }
}
