import type { Account } from '../../core/accounts/account.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { User } from './schemas.js'

/** The user; an account made in another contract shows the part of its email before the `@`. */
export function toUser (account: Account): User {
  return {
    id: account.number,
    username: account.username ?? account.email.slice(0, account.email.indexOf('@')),
    email: account.email,
    created_at: toWholeSeconds(account.createdAt),
    updated_at: toWholeSeconds(account.updatedAt)
  }
}
