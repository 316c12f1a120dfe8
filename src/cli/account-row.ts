import { displayName, type Account } from '../core/accounts/account.js'

/** An account as the command line prints it. */
export function toAccountRow (account: Account) {
  return {
    id: account.id,
    number: account.number,
    email: account.email,
    username: account.username,
    name: displayName(account),
    subscription: account.subscription?.status ?? null,
    plan: account.subscription?.plan ?? null,
    expires: account.subscription?.expiresAt ?? null,
    createdAt: new Date(account.createdAt),
    disabled: account.disabledAt === null ? null : new Date(account.disabledAt)
  }
}
