import type { Database } from '../../db/database.js'
import { and, eq, isNotNull } from '../../db/query.js'
import { mails } from '../../db/mail-schema.js'
import { accounts as accountTable, sessions } from '../../db/schema.js'
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { OwnRecord } from '../audit/audit-log.js'
import type { Audit } from '../audit/index.js'
import { invalidToken } from '../errors.js'
import type { Task, Tasks } from '../tasks/tasks.js'

export interface ExportNeeds {
  db: Pick<Database, 'query'>
  audit: Pick<Audit, 'ofOwner'>
  accounts: Pick<Accounts, 'find'>
  tasks: Pick<Tasks, 'list'>
}

/** Of a session, without what only its tokens are made of. */
const sessionColumns = {
  id: sessions.id,
  contract: sessions.contract,
  deviceName: sessions.deviceName,
  userAgent: sessions.userAgent,
  address: sessions.address,
  createdAt: sessions.createdAt,
  updatedAt: sessions.rotatedAt,
  expiresAt: sessions.expiresAt,
  endedAt: sessions.endedAt,
  endReason: sessions.endReason
}

/** Of a mail: what was in it is not kept. */
const mailColumns = {
  id: mails.id, kind: mails.kind, recipient: mails.recipient, createdAt: mails.createdAt, sentAt: mails.sentAt
}

/** A mail to its recipient, of the last week. */
export type StoredMail = Pick<typeof mails.$inferSelect, keyof typeof mailColumns>

/** A session as its owner may have it, live or ended. */
export type StoredSession = Pick<typeof sessions.$inferSelect, Exclude<keyof typeof sessionColumns, 'updatedAt'>> & {
  updatedAt: Date
}

/** All that is stored of a person, save for secrets; what may be much is read while it is written. */
export interface PersonalDataExport {
  account: Account
  /** What the account was called where it is from. */
  externalId: string | null
  sessions: StoredSession[]
  auditEvents: AsyncIterable<OwnRecord>
  mails: StoredMail[]
  tasks: AsyncIterable<Task>
}

/** Tasks read at once. */
const pageSize = 1_000

/** What a person may ask for by law: a copy of their data (GDPR 15 and 20). */
export function createExport ({ db: { query }, audit, accounts, tasks }: ExportNeeds) {
  async function * allTasks (accountId: string): AsyncGenerator<Task> {
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await tasks.list(accountId, pageSize, cursor ?? null)
      yield * page.tasks
      cursor = page.next
    }
  }

  return {
    /** @throws AuthError `invalid_token` when the account was deleted a moment ago */
    async export (this: void, accountId: string): Promise<PersonalDataExport> {
      const account = await accounts.find(accountId)
      if (account === null) throw invalidToken('unknown')
      const [{ externalId } = { externalId: null }] = await query.select({ externalId: accountTable.externalId })
        .from(accountTable).where(eq(accountTable.id, accountId))
      return {
        account,
        externalId,
        sessions: await query.select(sessionColumns).from(sessions).where(eq(sessions.accountId, accountId))
          .orderBy(sessions.createdAt),
        auditEvents: audit.ofOwner(accountId),
        mails: await query.select(mailColumns).from(mails)
          .where(and(eq(mails.accountId, accountId), isNotNull(mails.recipient))).orderBy(mails.createdAt),
        tasks: allTasks(accountId)
      }
    }
  }
}
