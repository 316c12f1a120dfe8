import postgres from 'postgres'
import { withPatience } from './patience.js'

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
/** For a connection and an answer; Postgres ends a statement before that, and says why. */
const patienceMs = 6_000
const closeTimeoutSeconds = 5

/** Makes a pool; connects when the first statement comes. */
export function openDatabase ({ target, poolMax }: DatabaseOptions): Database {
  const sql = connect(target, {
    max: poolMax,
    connection: { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs }
  })
  return { sql: withPatience(sql, patienceMs), close: () => sql.end({ timeout: closeTimeoutSeconds }) }
}

/** One postgres.js client with the settings every connection of Keyturn shares. */
export function connect (
  target: DatabaseOptions['target'], options: { max: number, connection?: Partial<postgres.ConnectionParameters> }
): postgres.Sql {
  const shared = {
    ...options,
    connect_timeout: connectTimeoutSeconds,
    // Types are named in the statements; asking the server for them would cost each connection a round trip.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'keyturn', ...options.connection }
  }
  return 'url' in target
    ? postgres(target.url, shared)
    : postgres({ ...shared, host: target.socketFolder, port: 5432, database: 'postgres', user: 'postgres' })
}
