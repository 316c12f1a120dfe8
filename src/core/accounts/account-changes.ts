import type { AuditEvent } from '../../db/audit-events.js'
import { ignore } from '../../db/errors.js'
import type { Fragment, Pool } from '../../db/pool.js'
import { recordEvents } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { isUuid } from '../lib/uuid.js'
import { deleteMailed } from '../revocations/end-challenges.js'
import { endAccess } from '../revocations/end-sessions.js'
import type { Revocations } from '../revocations/index.js'
import { accountColumns, toAccount, type Account, type AccountRow } from './account.js'
import { normalizeEmail } from './email.js'
import type { Identifiers } from './identifiers.js'

export interface AccountChangesNeeds {
  sql: Pool
  identifiers: Pick<Identifiers, 'holderOf' | 'heldEmails' | 'release'>
  revocations: Pick<Revocations, 'publish'>
}

const noAccountHas = () => new AuthError('not_found', { message: 'no account has this email or id' })

/**
 * What an operator does with an account, which is named by its email or its id. Whatever ends access ends the sessions
 * in the same statement.
 */
export function createAccountChanges ({ sql, identifiers, revocations }: AccountChangesNeeds) {
  const columns = accountColumns(sql)

  /**
   * Runs CTE definitions that give the changed row as `account`, records the event and invalidates caches.
   * @returns no row when none was changed
   */
  async function changeById (
    definitions: Fragment, event: AuditEvent, clientInfo: ClientInfo
  ): Promise<AccountRow | undefined> {
    const [row] = await sql<AccountRow[]>`
      WITH ${definitions},
      changed AS (SELECT account.id AS account_id, NULL::uuid AS session_id FROM account),
      record AS (${recordEvents(sql, [event], 'changed', clientInfo)})
      SELECT ${columns} FROM account`
    if (row !== undefined) revocations.publish({ accountId: row.id })
    return row
  }

  /** The id of the account that is named, and the condition that it still has the email. */
  async function named (name: string): Promise<{ accountId: string, isIt: Fragment }> {
    if (isUuid(name)) return { accountId: name, isIt: sql`true` }
    const accountId = await identifiers.holderOf(name)
    if (accountId === null) throw noAccountHas()
    return { accountId, isIt: sql`account.email = ${normalizeEmail(name)}` }
  }

  /** @param define returns them, for the account with this id; `isIt` is a condition on it */
  async function change (
    name: string, define: (accountId: string, isIt: Fragment) => Fragment, event: AuditEvent, clientInfo: ClientInfo
  ): Promise<AccountRow> {
    const { accountId, isIt } = await named(name)
    const row = await changeById(define(accountId, isIt), event, clientInfo)
    if (row === undefined) throw noAccountHas()
    return row
  }

  const updated = (set: Fragment) => (accountId: string, isIt: Fragment) => sql`
    account AS (
      UPDATE accounts AS account SET ${set}, updated_at = now()
      WHERE account.id = ${accountId} AND ${isIt} RETURNING account.*
    )`

  async function deleteById (
    this: void, accountId: string, clientInfo: ClientInfo, isIt: Fragment = sql`true`
  ): Promise<boolean> {
    const held = await identifiers.heldEmails(accountId)
    const row = await changeById(sql`
      account AS (
        DELETE FROM accounts AS account WHERE account.id = ${accountId} AND ${isIt} RETURNING account.*
      ), ${deleteMailed(sql, accountId)}`, 'account_deleted', clientInfo)
    if (row === undefined) return false
    const { email, username } = row
    // The account is gone in any case; what is not released now is taken over by who claims it.
    await identifiers.release({ accountId, names: { email, username } }).catch(ignore)
    for (const former of held) await identifiers.release({ accountId, names: { email: former } }).catch(ignore)
    return true
  }

  return {
    /** Ends all sessions and admits no further sign-in. @throws AuthError `not_found` */
    async disable (name: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(name, (accountId, where) => endAccess(sql, {
        accountId,
        where,
        set: sql`, disabled_at = now(), updated_at = now()`,
        reason: 'disabled',
        by: clientInfo
      }), 'account_disabled', clientInfo))
    },

    /** Admits sign-ins again; ended sessions stay ended. @throws AuthError `not_found` */
    async enable (name: string, clientInfo: ClientInfo): Promise<Account> {
      return toAccount(await change(name, updated(sql`disabled_at = NULL`), 'account_enabled', clientInfo))
    },

    /** Deletes the account with all that belongs to it; the audit record stays. @throws AuthError `not_found` */
    async delete (name: string, clientInfo: ClientInfo): Promise<void> {
      const { accountId, isIt } = await named(name)
      if (!await deleteById(accountId, clientInfo, isIt)) throw noAccountHas()
    },

    /**
     * The same by its id; `false` when there is no such account.
     * @param isIt a further condition on the account
     */
    deleteById
  }
}
