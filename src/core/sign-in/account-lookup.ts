import type { Pool } from '../../db/pool.js'
import type { accounts } from '../../db/schema.js'
import type { Accounts } from '../accounts/accounts.js'
import { normalizeEmail } from '../accounts/email.js'
import { noAccount } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import { networkOf } from '../lib/network.js'
import { isLive } from '../sessions/session-row.js'

/** What checking a password of an account needs. */
export type LookedUpRow = Pick<
  typeof accounts.$inferSelect,
  'id' | 'email' | 'username' | 'name' | 'passwordHash' | 'epoch' | 'emailVerifiedAt' | 'deletesAt'
> & {
  isDisabled: boolean
  /** Whether the account has a live session from the client's network. */
  isKnownNetwork: boolean
}

export interface AccountLookupNeeds {
  sql: Pool
  accounts: Pick<Accounts, 'holderOf'>
}

export type AccountLookup = ReturnType<typeof createAccountLookup>

/** Finds the account whose password is to be checked. */
export function createAccountLookup ({ sql, accounts }: AccountLookupNeeds) {
  async function byId (id: string, { address }: Pick<ClientInfo, 'address'>): Promise<LookedUpRow | null> {
    const [row] = await selectForPassword(sql, id, networkOf(address))
    return row ?? null
  }

  return {
    byId,

    /** By its email: two statements, whether an account has it or not. */
    async byEmail (email: string, clientInfo: Pick<ClientInfo, 'address'>): Promise<LookedUpRow | null> {
      const account = await byId(await accounts.holderOf(email) ?? noAccount, clientInfo)
      return account?.email === normalizeEmail(email) ? account : null
    }
  }
}

/** The account with this id. */
export function selectForPassword (sql: Pool, id: string, network: string | null) {
  return sql<LookedUpRow[]>`
    SELECT account.id, account.email, account.username, account.name, account.password_hash, account.epoch,
      account.email_verified_at, account.deletes_at, account.disabled_at IS NOT NULL AS is_disabled, EXISTS (
        SELECT FROM sessions AS session
        WHERE session.account_id = ${id} AND session.network = ${network} AND ${isLive(sql)}
      ) AS is_known_network
    FROM accounts AS account WHERE account.id = ${id}`
}
