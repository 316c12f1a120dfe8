import type { Notifier } from '../core/revocations/notifier.js'
import type { Address } from '../db/address.js'
import { connect, type ClientOptions, type Sql } from '../db/client.js'
import { ignore } from '../db/errors.js'
import type { Pool } from '../db/pool.js'
import type { Servers } from '../db/servers.js'

const channel = 'keyturn'
const listen = `LISTEN ${channel}`
const closeTimeoutSeconds = 1

export interface PostgresNotifierNeeds {
  sql: Pool
  servers: Pick<Servers<Address>, 'current' | 'onMove'>
  onError: (error: unknown) => void
}

/** The driver hands notifications on by an option that its types leave out. */
type ListenOptions = ClientOptions & { onnotify: () => void }

/**
 * Sends NOTIFY, and receives through LISTEN on a connection of its own, which is opened again when it breaks, and
 * which goes to the new server after a failover. Not by the driver's `listen`: ended while it connects, that one keeps
 * its socket, and with it the process, until the connection times out.
 * Through a transaction pooler no notification arrives; the revocation feed then relies on polling alone.
 */
export function createPostgresNotifier ({ sql, servers, onError }: PostgresNotifierNeeds): Notifier {
  const listeners: Array<() => void> = []
  /** Opens its connection with the first statement. */
  let own: Sql | null = null

  function open (): Sql {
    const options: ListenOptions = {
      max: 1,
      max_lifetime: null,
      onnotify: () => { for (const listener of listeners) listener() },
      onclose: () => { if (own === opened) opened.unsafe(listen).catch(ignore) }
    }
    const opened = connect(servers.current, options)
    opened.unsafe(listen).catch(onError)
    return opened
  }

  async function leave (timeout: number): Promise<void> {
    const left = own
    own = null
    await left?.end({ timeout })
  }

  servers.onMove(() => {
    leave(0).catch(onError)
    if (listeners.length > 0) own = open()
  })

  return {
    notify () {
      sql`SELECT pg_notify(${channel}, '')`.catch(onError)
    },

    onNotify (listener) {
      listeners.push(listener)
      own ??= open()
    },

    close: () => leave(closeTimeoutSeconds)
  }
}
