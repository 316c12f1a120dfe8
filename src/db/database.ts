import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import type { Address } from './address.js'
import { addressesOf, connect, types, type Target } from './client.js'
import { createConnection, type Connection } from './connection.js'
import { ignore } from './errors.js'
import { openPool, type OnStatement, type Pool } from './pool.js'
import { probe, takesWrites } from './probe.js'
import { openQuery, type Query } from './query.js'
import { createServers, type Servers } from './servers.js'

/** Where the database is and how it may be used. */
export interface DatabaseOptions {
  target: Target
  poolMax: number
  /** What the commit of a refresh waits for: for all that the server is set to, or for its own disk only. */
  refreshCommit?: 'on' | 'local'
  /** The error of a statement that the database cannot answer. */
  toUnavailable: (cause: unknown) => Error
  /** As in `PoolOptions`. */
  onStatement?: OnStatement | undefined
}

/** A pool of connections, for SQL by hand and for typed statements. */
export interface Database {
  sql: Pool
  query: Query
  /** For refreshes only: one that is lost in a failover heals (ADR 0017), while the end of a session does not. */
  refreshSql: Pool
  servers: Pick<Servers<Address>, 'current' | 'search' | 'onMove'>
  /** Whether it answers within a second, and not as a standby or otherwise read-only. Never throws. */
  isWritable: () => Promise<boolean>
  metrics: () => DatabaseMetrics
  /** Lets running statements finish, for at most five seconds. */
  close (): Promise<void>
}

/** What the connections of this process do. */
export interface DatabaseMetrics {
  /** Connections that have a statement under way. */
  connectionsInUse: number
  /** Statements that wait behind those. */
  statementsWaiting: number
  /** Statements without an answer in time, since the process began. */
  deadlinesMissed: number
}

/** A statement that takes longer is canceled by the server and answered with 503; none here takes a tenth of it. */
const statementTimeoutMs = 5_000
const lockTimeoutMs = 4_000
/** Firewalls and load balancers drop an idle connection silently, common ones after 350 seconds. */
const idleTimeoutSeconds = 240
/** For a connection and an answer; above the server's own timeouts, whose errors say more. */
const statementDeadlineMs = 6_000
const closeTimeoutSeconds = 5
const readinessTimeoutMs = 1_000

/** What the first statement of a connection asks, and the settings of the connection. */
interface Kind {
  check: string
  settings: Record<string, string>
}

/** What is committed here survives a crash of the server, also where its own setting promises less. */
const durable: Kind = {
  check: `
    SELECT NOT pg_is_in_recovery() AS "isPrimary", CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
      THEN set_config('synchronous_commit', 'on', false) END`,
  settings: {}
}

const local: Kind = {
  check: 'SELECT NOT pg_is_in_recovery() AS "isPrimary"',
  // Not set by a statement: a pooler in transaction mode would hand the session to others.
  settings: { synchronous_commit: 'local' }
}

/** Makes a pool; a connection is opened when all others are busy. */
export function openDatabase (options: DatabaseOptions): Database {
  const { target, poolMax, refreshCommit = 'on', toUnavailable, onStatement } = options
  const servers = createServers({ servers: addressesOf(target), probe })
  const all: Connection[] = []
  let deadlinesMissed = 0
  const search = () => { servers.search().catch(ignore) }
  servers.onMove(() => all.forEach(connection => connection.leave(connection.client)))

  function openConnection ({ check, settings }: Kind): Connection {
    const connection = createConnection({
      open: onclose => connect(servers.current, {
        max: 1,
        onclose,
        idle_timeout: idleTimeoutSeconds,
        connection: { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs, ...settings },
        transform: { column: { from: postgres.toCamel } },
        types
      }),
      check,
      onLeave: search
    })
    all.push(connection)
    return connection
  }

  function open (kind: Kind, size: number): Pool {
    const others = Array.from({ length: size - 1 }, () => openConnection(kind))
    return openPool([openConnection(kind), ...others], {
      deadlineMs: statementDeadlineMs,
      toUnavailable,
      isLost: () => servers.isLost,
      onServerLost: search,
      onDeadlineMissed: () => { deadlinesMissed += 1 },
      onStatement
    })
  }

  const refreshSize = refreshCommit === 'local' ? Math.ceil(poolMax / 2) : 0
  const sql = open(durable, Math.max(1, poolMax - refreshSize))
  return {
    sql,
    query: openQuery(sql),
    refreshSql: refreshSize === 0 ? sql : open(local, refreshSize),
    servers,
    isWritable: () => Promise.race([
      sql.unsafe(`SELECT WHERE ${takesWrites}`).then(rows => rows.length > 0, () => false),
      delay(readinessTimeoutMs, false, { ref: false })
    ]),
    metrics () {
      const busy = all.filter(({ inFlight }) => inFlight > 0)
      const statements = busy.reduce((sum, { inFlight }) => sum + inFlight, 0)
      return {
        connectionsInUse: busy.length, statementsWaiting: statements - busy.length, deadlinesMissed
      }
    },
    async close () {
      servers.close()
      await Promise.all(all.map(({ client }) => client.end({ timeout: closeTimeoutSeconds })))
    }
  }
}
