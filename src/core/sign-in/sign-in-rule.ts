import { AuthError } from '../errors.js'
import type { LookedUpRow } from './account-lookup.js'

/** When an email counts as its owner's: not at all, for information, or as a condition to sign in. */
export type EmailVerification = 'off' | 'record' | 'required'

/** Says why an account may not sign in although its owner has proved who they are, or `null`. */
export type SignInRule = (account: Pick<LookedUpRow, 'emailVerifiedAt' | 'deletesAt'>) => AuthError | null

/** The rule for a setting. */
export function createSignInRule (emailVerification: EmailVerification): SignInRule {
  return ({ emailVerifiedAt, deletesAt }) => {
    if (deletesAt !== null) return new AuthError('deletion_pending', { deletesAt })
    if (emailVerification === 'required' && emailVerifiedAt === null) return new AuthError('email_not_verified')
    return null
  }
}
