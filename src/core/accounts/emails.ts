import type { Claims, Identifiers } from './identifiers.js'

export interface EmailsNeeds {
  identifiers: Pick<Identifiers, 'claimAnother' | 'heldEmails' | 'isInUse' | 'renew' | 'release'>
}

/** The emails that an account has, had, or is to have. */
export function createEmails ({ identifiers }: EmailsNeeds) {
  return {
    /**
     * Claims an email for an account that is there; one that it had before may still be claimed for it.
     * @throws AuthError `email_taken`
     */
    claim: async (accountId: string, email: string): Promise<Claims> =>
      await identifiers.renew(accountId, 'email', email) ?? identifiers.claimAnother(accountId, 'email', email),

    /** Frees an email that the account does not have, or no longer. */
    release: (accountId: string, email: string): Promise<void> => identifiers.release({ accountId, names: { email } }),

    /** Frees an email that the account had, unless it has it again or can still bring it back. */
    async releaseFormer (accountId: string, email: string): Promise<void> {
      if (await identifiers.isInUse('email', email, accountId)) return
      if ((await identifiers.heldEmails(accountId)).includes(email)) return
      await identifiers.release({ accountId, names: { email } })
    }
  }
}
