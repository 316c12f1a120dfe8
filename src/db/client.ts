import postgres from 'postgres'
import { openPool } from './pool.js'

/** Where the database is and how it may be used. */
export interface DatabaseOptions {
  /** A `postgres://` URL, or the folder of the embedded database's Unix socket. */
  target: { url: string } | { socketFolder: string }
  poolMax: number
}

/** A pool of connections. */
export interface Database {
  sql: postgres.Sql
  /** Lets running statements finish, for at most five seconds. */
  close (): Promise<void>
}

/** A statement that waits longer than this is given up and answered with 503; nothing here takes a tenth of it. */
const statementTimeoutMs = 5_000
const lockTimeoutMs = 4_000
const connectTimeoutSeconds = 5
/**
 * Between a connection that was lost and its next attempt. The driver's own grows to 20 seconds, longer than anybody
 * waits for the statement that was given to this connection.
 */
const reconnectSeconds = 0.25
/** Firewalls and balancers forget a silent connection without a word, the common ones after 350 seconds. */
const idleTimeoutSeconds = 240
/** For a connection and an answer; Postgres ends a statement before that, and says why. */
const statementDeadlineMs = 6_000
const closeTimeoutSeconds = 5

/** Makes a pool; a connection is made when the first statement comes that the others are too busy for. */
export function openDatabase ({ target, poolMax }: DatabaseOptions): Database {
  const open = () => connect(target, {
    max: 1,
    idle_timeout: idleTimeoutSeconds,
    connection: { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs }
  })
  const clients: [postgres.Sql, ...postgres.Sql[]] = [open(), ...Array.from({ length: poolMax - 1 }, open)]
  return {
    sql: openPool(clients, statementDeadlineMs),
    async close () {
      await Promise.all(clients.map(client => client.end({ timeout: closeTimeoutSeconds })))
    }
  }
}

/** One postgres.js client with the settings every connection of Keyturn shares. */
export function connect (
  target: DatabaseOptions['target'],
  options: { max: number, idle_timeout?: number, connection?: Partial<postgres.ConnectionParameters> }
): postgres.Sql {
  const shared = {
    ...options,
    connect_timeout: connectTimeoutSeconds,
    backoff: () => reconnectSeconds,
    // Types are named in the statements; asking the server for them would cost each connection a round trip.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'keyturn', ...options.connection }
  }
  return 'url' in target
    ? postgres(target.url, shared)
    : postgres({ ...shared, host: target.socketFolder, port: 5432, database: 'postgres', user: 'postgres' })
}
