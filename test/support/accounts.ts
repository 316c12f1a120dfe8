import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { Account, Subscription } from '../../src/core/accounts/account.js'
import { AuthError, type ErrorReason, type TokenErrorReason } from '../../src/core/errors.js'
import type { Core } from '../../src/core/index.js'
import type { SignedIn } from '../../src/core/sessions/session-start.js'
import type { IssuedAccessToken } from '../../src/core/sessions/token-issuer.js'

export const clientInfo = { address: '192.0.2.1', userAgent: 'test' }

export const password = 'correct horse battery'

/** An account that nobody else in the run has, and its first session. */
export async function signedIn (core: Core): Promise<SignedIn<'partner'> & { email: string }> {
  const email = `${randomUUID()}@example.com`
  await core.accounts.register({ email, password, minPasswordLength: 8 }, clientInfo)
  return { ...await core.signIn.withPassword({ email, password }, 'partner', clientInfo), email }
}

/** What billing says of the account with an email. */
export async function setSubscription (
  { accounts }: Pick<Core, 'accounts'>, email: string, subscription: Subscription | null
): Promise<Account> {
  const account = await accounts.findByEmail(email)
  return accounts.change(account?.id ?? '', { subscription }, null, clientInfo)
}

/** A refused refresh token, with its reason. */
export async function refusesRefresh (
  t: Test, promise: Promise<IssuedAccessToken>, fault: TokenErrorReason
): Promise<void> {
  await t.rejects(promise, { name: 'AuthError', code: 'invalid_refresh_token', reason: fault })
}

/** Why an access token is refused, or `null` when it is good. */
export async function rejectionOf (core: Core, accessToken: string): Promise<ErrorReason | null> {
  try {
    await core.validation.authenticate(accessToken)
    return null
  } catch (error) {
    if (error instanceof AuthError && error.reason !== undefined) return error.reason
    throw error
  }
}
