import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Passwords } from '../passwords/index.js'
import type { AccountLookup, LookedUpRow } from './account-lookup.js'
import type { PasswordProof } from './password-proof.js'

export interface OwnerProofNeeds {
  lookup: Pick<AccountLookup, 'byId'>
  proof: Pick<PasswordProof, 'ofAccount'>
  passwords: Pick<Passwords, 'admit'>
  /** Milliseconds since 1970. */
  now: () => number
}

/** What shows that the owner acts, not who holds their access token: the password, or a sign-in of a moment ago. */
export type OwnersAct = { password: string } | {
  /** When the session began, in seconds since 1970. */
  signedInAt: number
}

export type OwnerProof = ReturnType<typeof createOwnerProof>

/** Seconds after a sign-in in which the password is not asked for again. */
const freshSeconds = 600

/**
 * Checks that the owner acts (OWASP ASVS 7.5.1).
 * @returns the account as it was
 * @throws AuthError `session_not_fresh`, `wrong_password`, `too_many_failures`, `overloaded`
 */
export function createOwnerProof ({ lookup, proof, passwords, now }: OwnerProofNeeds) {
  return async function proveOwner (
    this: void, accountId: string, act: OwnersAct, clientInfo: ClientInfo
  ): Promise<LookedUpRow> {
    if ('password' in act) {
      return passwords.admit(clientInfo.address, () => proof.ofAccount(accountId, act.password, clientInfo))
    }
    const isFresh = now() / 1000 - act.signedInAt < freshSeconds
    const account = isFresh ? await lookup.byId(accountId, clientInfo) : null
    if (account === null) throw new AuthError('session_not_fresh')
    return account
  }
}
