import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { AuthError, type TokenFault } from '../../src/core/errors.js'
import type { Grant, RefreshGrant } from '../../src/core/sessions/token-issuer.js'
import type { Core } from '../../src/core/index.js'

export const origin = { address: '192.0.2.1', userAgent: 'test' }

export const password = 'correct horse battery'

/** An account that nobody else in the run has, and its first session. */
export async function signedIn (core: Core): Promise<Grant & { email: string }> {
  const email = `${randomUUID()}@example.com`
  await core.accounts.register({ email, password, shortestPassword: 8 }, origin)
  return { ...await core.signIn({ email, password }, origin), email }
}

/** A refused refresh token, with its reason. */
export async function refusesRefresh (t: Test, promise: Promise<RefreshGrant>, fault: TokenFault): Promise<void> {
  await t.rejects(promise, { name: 'AuthError', code: 'invalid_refresh_token', fault })
}

/** Why an access token is refused, or `null` when it is good. */
export async function faultOf (core: Core, accessToken: string): Promise<TokenFault | null> {
  try {
    await core.validation.authenticate(accessToken)
    return null
  } catch (error) {
    if (error instanceof AuthError && error.fault !== undefined) return error.fault
    throw error
  }
}
