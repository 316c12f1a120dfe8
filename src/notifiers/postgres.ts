import { connect, type DatabaseOptions } from '../db/client.js'
import type { Pool } from '../db/pool.js'

const channel = 'keyturn'

export interface PostgresNotifierNeeds {
  sql: Pool
  target: DatabaseOptions['target']
  onError: (error: unknown) => void
}

/**
 * Sends NOTIFY, and receives through LISTEN on a connection of its own, which the driver reopens when it breaks.
 * Through a transaction pooler no notification arrives; the revocation feed then relies on polling alone.
 */
export function createPostgresNotifier ({ sql, target, onError }: PostgresNotifierNeeds) {
  const own = connect(target, { max: 1 })
  return {
    notify (): void {
      sql`SELECT pg_notify(${channel}, '')`.catch(onError)
    },

    onNotify (listener: () => void): void {
      own.listen(channel, listener).catch(onError)
    },

    close: () => own.end({ timeout: 1 })
  }
}
