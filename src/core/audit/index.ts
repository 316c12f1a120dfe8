import type { Database } from '../../db/database.js'
import { createAuditLog } from './audit-log.js'
import { createFollow } from './follow.js'
import { createRetention } from './retention.js'

export interface AuditNeeds {
  db: Pick<Database, 'sql' | 'query'>
  /** Seconds for which a record is kept, at least. */
  retention: number
  /** Seconds; partners and caches read records that are as old as a token can be. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

export type Audit = ReturnType<typeof createAudit>

/** The audit log: who did what to which account, from where. Records are written where the change is made. */
export function createAudit ({ db, retention, maxTokenLifetime, now }: AuditNeeds) {
  const { sql } = db
  const log = createAuditLog(db)
  return {
    ...log,
    follow: createFollow({ ...log, now }),

    /** Removes what has been kept for long enough, a page at a time. */
    retain: createRetention({ sql, retention: Math.max(retention, maxTokenLifetime) })
  }
}
