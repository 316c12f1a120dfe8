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

/** Reads the audit records that a query asks for. */
export function createAuditLog ({ sql }: { sql: Pool }) {
  return {
    list: async (query: AuditQuery): Promise<AuditRecord[]> => selectRecords(sql, query)
  }
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
