import type { Database } from '../../db/database.js'
import { gt } from '../../db/query.js'
import { accounts } from '../../db/schema.js'
import { noAccount } from '../audit/audit.js'
import { shownColumns, toAccount, type Account } from './account.js'

/** An account with what else belongs to it when it leaves. */
export interface ExportedAccount extends Account {
  externalId: string | null
  passwordHash: string
}

/** Accounts read at once. */
const pageSize = 2_000

/** Reads all accounts, a page at a time, in order of their ids. */
export function createAccountExport ({ query }: Pick<Database, 'query'>) {
  return async function * allAccounts (): AsyncGenerator<ExportedAccount> {
    for (let last = noAccount, isEnd = false; !isEnd;) {
      const rows = await query.select({
        ...shownColumns, externalId: accounts.externalId, passwordHash: accounts.passwordHash
      }).from(accounts)
        .where(gt(accounts.id, last)).orderBy(accounts.id).limit(pageSize)
      for (const row of rows) {
        yield { ...toAccount(row), externalId: row.externalId, passwordHash: row.passwordHash }
      }
      last = rows.at(-1)?.id ?? last
      isEnd = rows.length < pageSize
    }
  }
}
