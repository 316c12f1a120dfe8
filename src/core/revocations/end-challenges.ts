import type { Fragment, Pool } from '../../db/pool.js'
import type { ChallengePurpose } from '../../db/stored-values.js'

/** Links that a thief's change of the password must not end. */
const kept: ChallengePurpose = 'undo_email_change'

/**
 * A CTE definition that ends the codes and links that were mailed to the account of the CTE `account`. The end of all
 * access does so by the epoch, without it.
 */
export function endChallenges (sql: Pool, accountId: string): Fragment {
  return sql`
    ended_challenges AS (
      UPDATE challenges AS challenge SET used_at = now() FROM account
      WHERE challenge.account_id = ${accountId} AND challenge.account_id = account.id
        AND challenge.used_at IS NULL AND challenge.purpose <> ${kept}
    )`
}

/** CTE definitions that delete all codes, links and mails of the account of the CTE `account`, which is deleted. */
export function deleteMailed (sql: Pool, accountId: string): Fragment {
  return sql`
    deleted_challenges AS (
      DELETE FROM challenges AS challenge USING account
      WHERE challenge.account_id = ${accountId} AND challenge.account_id = account.id
    ), deleted_mails AS (
      DELETE FROM mails AS mail USING account WHERE mail.account_id = ${accountId} AND mail.account_id = account.id
    )`
}
