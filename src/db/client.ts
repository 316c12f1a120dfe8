import { makePgArray, parsePgArray } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { parseAddress } from './address.js'
import { openPool, type Pool } from './pool.js'
import { openQuery, type Query } from './query.js'

/** Where the database is and how it may be used. */
export interface DatabaseOptions {
  /** A `postgres://` URL, or the folder of the embedded database's Unix socket. */
  target: { url: string } | { socketFolder: string }
  poolMax: number
  /** The error of a statement that the database cannot answer. */
  toUnavailable: (cause: unknown) => Error
}

/** A pool of connections, for SQL by hand and for typed statements. */
export interface Database {
  sql: Pool
  query: Query
  /** Whether it answers, and not as a standby or otherwise read-only. Never throws. */
  isWritable: () => Promise<boolean>
  /** Lets running statements finish, for at most five seconds. */
  close (): Promise<void>
}

/** A statement that takes longer is canceled by the server and answered with 503; none here takes a tenth of it. */
const statementTimeoutMs = 5_000
const lockTimeoutMs = 4_000
const connectTimeoutSeconds = 5
/**
 * Between a connection that was lost and its next attempt. The driver's own back-off grows to 20 seconds, longer than
 * the deadline of the statement that was given to this connection.
 */
const reconnectSeconds = 0.25
/** Firewalls and load balancers drop an idle connection silently, common ones after 350 seconds. */
const idleTimeoutSeconds = 240
/** For a connection and an answer; above the server's own timeouts, whose errors say more. */
const statementDeadlineMs = 6_000
const closeTimeoutSeconds = 5

/** Types the driver does not know by itself, since it does not ask the server for them; by their stable oids. */
const types = {
  int8: { to: 20, from: [20], serialize: String, parse: Number },
  textArray: { to: 1009, from: [1009], serialize: makePgArray, parse: parsePgArray },
  intArray: { to: 1007, from: [1007], serialize: makePgArray, parse: (text: string) => parsePgArray(text).map(Number) },
  uuidArray: { to: 2951, from: [2951], serialize: makePgArray, parse: parsePgArray }
}

/** Makes a pool; a connection is opened when all others are busy. */
export function openDatabase ({ target, poolMax, toUnavailable }: DatabaseOptions): Database {
  const open = () => connect(target, {
    max: 1,
    idle_timeout: idleTimeoutSeconds,
    connection: { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs },
    transform: { column: { from: postgres.toCamel } },
    types
  })
  const clients: [postgres.Sql, ...postgres.Sql[]] = [open(), ...Array.from({ length: poolMax - 1 }, open)]
  const sql = openPool(clients, { deadlineMs: statementDeadlineMs, toUnavailable })
  return {
    sql,
    query: openQuery(sql),
    isWritable: () => sql`SELECT WHERE current_setting('transaction_read_only') = 'off'`
      .then(rows => rows.length > 0, () => false),
    async close () {
      await Promise.all(clients.map(client => client.end({ timeout: closeTimeoutSeconds })))
    }
  }
}

/** One postgres.js client with the settings that every connection of Keyturn shares. */
export function connect (
  target: DatabaseOptions['target'], options: postgres.Options<Record<string, postgres.PostgresType>>
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
  if ('url' in target) {
    const { url, ...address } = parseAddress(target.url)
    return postgres(url, { ...shared, ...address })
  }
  return postgres({ ...shared, host: target.socketFolder, port: 5432, database: 'postgres', user: 'postgres' })
}
