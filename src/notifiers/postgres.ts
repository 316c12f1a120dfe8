import type { Address } from '../db/address.js'
import { connect } from '../db/client.js'
import type { Pool } from '../db/pool.js'
import type { Servers } from '../db/servers.js'

const channel = 'keyturn'

export interface PostgresNotifierNeeds {
  sql: Pool
  servers: Pick<Servers<Address>, 'current' | 'onMove'>
  onError: (error: unknown) => void
}

/**
 * Sends NOTIFY, and receives through LISTEN on a connection of its own, which the driver reopens when it breaks, and
 * which goes to the new server after a failover.
 * Through a transaction pooler no notification arrives; the revocation feed then relies on polling alone.
 */
export function createPostgresNotifier ({ sql, servers, onError }: PostgresNotifierNeeds) {
  const listeners: Array<() => void> = []
  let own = connect(servers.current, { max: 1 })

  function listen (listener: () => void): void {
    own.listen(channel, listener).catch(onError)
  }

  servers.onMove(() => {
    own.end({ timeout: 0 }).catch(onError)
    own = connect(servers.current, { max: 1 })
    listeners.forEach(listen)
  })

  return {
    notify (): void {
      sql`SELECT pg_notify(${channel}, '')`.catch(onError)
    },

    onNotify (listener: () => void): void {
      listeners.push(listener)
      listen(listener)
    },

    close: () => own.end({ timeout: 1 })
  }
}
