import type { Pool } from '../../src/db/pool.js'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase } from '../../src/db/database.js'
import type { Cores } from '../harness/cores.js'
import { freePort } from '../harness/free-port.js'
import { openConnection } from '../harness/http-connection.js'
import { settings } from '../harness/settings.js'
import {
  addAccount, addClient, keyturnEnvironment, startKeyturn, type Credentials, type Keyturn
} from '../subjects/keyturn.js'
import { emailOf, password, signInMembers, type Member } from './population.js'

/** What every part of a run finds: Keyturn on a database with people who are signed in. */
export interface Bench {
  databaseUrl: string
  sql: Pool
  cores: Cores
  /** Of Keyturn's processes. */
  env: Record<string, string>
  keyturn: Keyturn
  /** The same without a validation cache: each of its validations is a miss. */
  uncached: Keyturn
  client: Credentials
  /** As many as there are connections at most. */
  members: readonly [Member, ...Member[]]
  close (): Promise<void>
}

/** Fills the database and starts Keyturn on it. */
export async function openBench (databaseUrl: string, cores: Cores): Promise<Bench> {
  const database = openDatabase({ target: { url: databaseUrl }, poolMax: 1, toUnavailable: unavailable })
  const { sql } = database
  const port = await freePort()
  const env = keyturnEnvironment(databaseUrl, cores, port)
  addAccount(env, emailOf(0), password)
  const client = addClient(env)
  const keyturn = await startKeyturn({ env, cores: cores.server, port })
  const uncached = await startKeyturn({ env: { ...env, VALIDATION_CACHE_TTL: '0' }, cores: cores.server })
  const connection = await openConnection(port)
  const members = await signInMembers(sql, connection, Math.max(...settings.connectionCounts))
  connection.close()
  const [first, ...others] = members
  if (first === undefined) throw new Error('nobody is signed in')
  return {
    databaseUrl,
    sql,
    cores,
    env,
    keyturn,
    uncached,
    client,
    members: [first, ...others],
    close: () => database.close()
  }
}
