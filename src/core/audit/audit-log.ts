import { isOwnersEvent } from '../../db/audit-events.js'
import type { Pool } from '../../db/pool.js'
import type { auditEvents } from '../../db/schema.js'

/** What is to be shown: of one account or of all, the newest first. */
export interface AuditQuery {
  accountId?: string | undefined
  event?: string | undefined
  /** The earliest time. */
  since: Date
  limit: number
}

export type AuditRecord = Omit<typeof auditEvents.$inferSelect, 'id'>

/** A record that its account's owner may read. */
export type OwnRecord = Pick<
  typeof auditEvents.$inferSelect, 'id' | 'at' | 'event' | 'sessionId' | 'address' | 'actor'
> & {
  /** `at`, in microseconds since 1970: a `Date` would round it. */
  microseconds: number
}

/** Records read at once, of those that are all wanted. */
const pageSize = 1_000

/** Reads the audit records that a query asks for. */
export function createAuditLog ({ sql }: { sql: Pool }) {
  return {
    list: async (query: AuditQuery): Promise<AuditRecord[]> => selectRecords(sql, query),

    /** All that an account's owner may read, the oldest first, a page at a time. */
    async * ofOwner (accountId: string): AsyncGenerator<OwnRecord> {
      for (let last: OwnRecord | undefined, isEnd = false; !isEnd;) {
        const page: OwnRecord[] = await selectOwnRecords(sql, accountId, pageSize, last)
        yield * page
        isEnd = page.length < pageSize
        last = page.at(-1)
      }
    }
  }
}

/** A page of what the owner may read, from the record after the last one seen. */
export function selectOwnRecords (
  sql: Pool, accountId: string, limit: number, last?: Pick<OwnRecord, 'microseconds' | 'id'>
) {
  const isAfter = last === undefined
    ? sql``
    : sql`AND (event.at, event.id) > (timestamptz 'epoch' + ${last.microseconds} * interval '1 us', ${last.id}::uuid)`
  return sql<OwnRecord[]>`
    SELECT event.id, event.at, event.event, event.session_id, event.address, event.actor,
      (extract(epoch FROM event.at) * 1000000)::bigint AS microseconds
    FROM audit_events AS event WHERE event.account_id = ${accountId} AND ${sql.unsafe(isOwnersEvent)} ${isAfter}
    ORDER BY event.at, event.id LIMIT ${limit}`
}

/** The records, newest first. */
export function selectRecords (sql: Pool, { accountId, event, since, limit }: AuditQuery) {
  const ofAccount = accountId === undefined ? sql`true` : sql`account_id = ${accountId}`
  const ofKind = event === undefined ? sql`true` : sql`event = ${event}`
  return sql<AuditRecord[]>`
    SELECT at, event, account_id, session_id, address, actor, subject FROM audit_events
    WHERE at >= ${since} AND ${ofAccount} AND ${ofKind}
    ORDER BY at DESC, id LIMIT ${limit}`
}
