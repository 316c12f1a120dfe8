import type { Fragment, Pool } from '../../db/pool.js'
import type { Mail } from '../mail/index.js'

/**
 * Defines CTEs that store a notice to the owner of an account of which a session ended since its token was reused; they
 * read the CTE `ended`.
 */
export function noticeOfReuse (sql: Pool, mail: Pick<Mail, 'noticeToOwner'>, accountId: string): Fragment {
  return sql`
    owner AS (
      SELECT ended.account_id, account.email, account.email_verified_at
      FROM ended, accounts AS account WHERE account.id = ${accountId}
    ), notice AS (${mail.noticeToOwner({ kind: 'session-ended', values: {} }, 'owner')})`
}
