import { displayName, type Account } from '../../core/accounts/account.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { User } from './schemas.js'

/** The user as partners see it. Without a subscription the plan is `free`; an end is shown in whole seconds. */
export function toUser (account: Account): User {
  const { subscription } = account
  return {
    id: `user_${account.id}`,
    email: account.email,
    name: displayName(account),
    subscription: subscription === null
      ? { status: 'none', plan: 'free', expiresAt: null }
      : {
          status: subscription.status,
          plan: subscription.plan,
          expiresAt: subscription.expiresAt === null ? null : toWholeSeconds(subscription.expiresAt)
        }
  }
}
