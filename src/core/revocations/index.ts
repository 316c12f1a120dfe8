import type { Database } from '../../db/database.js'
import type { Notifier } from './notifier.js'
import { createRevocationFeed } from './revocation-feed.js'
import { createRevocationNotices } from './revocation-notices.js'

export type { Notifier } from './notifier.js'

export interface RevocationsNeeds {
  db: Pick<Database, 'sql'>
  notifier: Notifier
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type Revocations = ReturnType<typeof createRevocations>

/** Revocations and changes, in this process and in all others. */
export function createRevocations ({ db: { sql }, notifier, now, onError }: RevocationsNeeds) {
  const notices = createRevocationNotices({ notifier })
  const feed = createRevocationFeed({ sql, notices, notifier, now, onError })
  return { ...notices, feed, metrics: () => ({ isFeedCurrent: feed.isCurrent, revocations: notices.published() }) }
}
