import { auditEventKinds, isOwnersEvent, type AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import { newestFirst, nextPlace } from '../../db/newest-first.js'
import type { Pool } from '../../db/pool.js'
import { and, eq, getTableColumns, gte, lt } from '../../db/query.js'
import { auditEvents } from '../../db/schema.js'

/** The kinds of records. */
export const auditEventNames = Object.keys(auditEventKinds) as AuditEvent[]

/** Which records are to be shown. */
export interface AuditQuery {
  accountId?: string | undefined
  event?: AuditEvent | undefined
  actor?: string | undefined
  /** The id of a client or a key. */
  subject?: string | undefined
  /** The earliest time. */
  since?: Date | undefined
  /** The time before which they are. */
  until?: Date | undefined
  limit: number
  /** Where the page begins: `next` of the page before. */
  after?: string | null | undefined
}

export type AuditRecord = typeof auditEvents.$inferSelect

/** Records, the newest first, and the place after which the next page begins; `null` at the end. */
export interface AuditPage {
  records: AuditRecord[]
  next: string | null
}

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
export function createAuditLog ({ sql, query }: Pick<Database, 'sql' | 'query'>) {
  const list = newestFirst(auditEvents.at, auditEvents.id)

  async function page (wanted: AuditQuery): Promise<AuditPage> {
    const { accountId, event, actor, subject, since, until, limit, after = null } = wanted
    const is = <Value> (column: Parameters<typeof eq>[0], value: Value | undefined) =>
      value === undefined ? undefined : eq(column, value)
    const rows = await query.select({ ...getTableColumns(auditEvents), place: list.place }).from(auditEvents)
      .where(and(
        is(auditEvents.accountId, accountId), is(auditEvents.event, event), is(auditEvents.actor, actor),
        is(auditEvents.subject, subject), since && gte(auditEvents.at, since), until && lt(auditEvents.at, until),
        list.isAfter(after)))
      .orderBy(...list.order).limit(limit)
    return { records: rows.map(({ place: _place, ...record }) => record), next: nextPlace(rows, limit) }
  }

  return {
    page,

    /** All records that a query asks for, however many, read a page at a time. */
    async * all (wanted: Omit<AuditQuery, 'limit' | 'after'>): AsyncGenerator<AuditRecord> {
      for (let after: string | null = null, isEnd = false; !isEnd;) {
        const { records, next }: AuditPage = await page({ ...wanted, after, limit: pageSize })
        yield * records
        after = next
        isEnd = next === null
      }
    },

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
