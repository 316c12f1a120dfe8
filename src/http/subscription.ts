import { Type, type Static } from '@sinclair/typebox'
import type { Account } from '../core/accounts/account.js'
import { toWholeSeconds } from './timestamps.js'

export const SubscriptionView = Type.Object({
  status: Type.String({ description: '`none` without a subscription' }),
  plan: Type.String({ description: '`free` without a subscription' }),
  expiresAt: Type.Union([Type.String(), Type.Null()], { description: 'UTC in whole seconds; null for no end' })
}, { title: 'Subscription' })

/** What billing says of an account. Without a subscription the plan is `free`; an end is shown in whole seconds. */
export function toSubscription ({ subscription }: Pick<Account, 'subscription'>): Static<typeof SubscriptionView> {
  if (subscription === null) return { status: 'none', plan: 'free', expiresAt: null }
  const { status, plan, expiresAt } = subscription
  return { status, plan, expiresAt: expiresAt === null ? null : toWholeSeconds(expiresAt) }
}
