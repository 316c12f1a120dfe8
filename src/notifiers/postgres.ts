import type { Sql } from 'postgres'
import { connect, type DatabaseOptions } from '../db/client.js'

const channel = 'keyturn'

export interface PostgresNotifierNeeds {
  sql: Sql
  target: DatabaseOptions['target']
  onError: (error: unknown) => void
}

/**
 * Rings by NOTIFY, and hears by LISTEN on a connection of its own, which the driver renews when it breaks. Through a
 * transaction pooler nothing is heard; then everybody finds out by looking.
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
