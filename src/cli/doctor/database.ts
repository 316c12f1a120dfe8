import type { Settings } from '../../config/settings.js'
import { connect, type Sql } from '../../db/client.js'
import type { Address } from '../../db/address.js'
import { readDistribution } from '../../db/distribution.js'
import { missingMigrations } from '../../db/migrate.js'
import { missingRights } from '../../db/rights.js'
import { bad, good, warning, type Finding } from './finding.js'
import { examineContents } from './contents.js'

/** As Postgres numbers it. */
const leastVersion = 150_000

/** Seconds by which the clocks of this machine and of the database may differ. */
const maxSkew = 2

/** Seconds by which a standby may be behind. */
const maxReplayLag = 60

interface Server {
  version: string
  number: number
  isolation: string
  fsync: string
  fullPageWrites: string
  /** Milliseconds since 1970. */
  now: number
}

export interface DatabaseNeeds {
  /** DATABASE_URL. */
  url: string
  settings: Settings
  /** Milliseconds since 1970. */
  now: () => number
}

/** The database on the server that takes writes. */
export async function examineDatabase (
  address: Address, { url, settings, now }: DatabaseNeeds
): Promise<Finding[]> {
  const sql = connect(address, { max: 1 })
  try {
    const findings = [...await examineServer(sql, now), ...await examineStandbys(sql)]
    const { length: missing } = await missingMigrations(sql)
    const schema = verdict('schema', missing, 'up to date', 'migrations are missing', 'keyturn migrate')
    if (missing > 0) return [...findings, schema]
    return [...findings, schema, ...await examineCluster(sql), ...await examineRights(sql),
      ...await examineContents(url, settings)]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function examineServer (sql: Sql, now: () => number): Promise<Finding[]> {
  const before = now()
  const [server] = await sql<[Server]>`
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
      current_setting('default_transaction_isolation') AS isolation, current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS "fullPageWrites",
      extract(epoch FROM clock_timestamp())::float8 * 1000 AS now`
  const { version, number, isolation, fsync, fullPageWrites } = server
  const skew = Math.round((server.now - (before + now()) / 2) / 1000)
  return [
    number < leastVersion
      ? bad('database', `Postgres ${version}`, 'upgrade it to 15 or later')
      : good('database', `Postgres ${version}`),
    ...isolation === 'read committed'
      ? []
      : [bad('database', `default_transaction_isolation is ${isolation}: requests would fail under load`,
          "ALTER ROLE … SET default_transaction_isolation = 'read committed'")],
    ...fsync === 'on' && fullPageWrites === 'on'
      ? []
      : [bad('database', 'fsync or full_page_writes is off: a crash can lose the database', 'turn both on')],
    Math.abs(skew) > maxSkew
      ? bad('database', `its clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`,
        'run NTP on both: tokens expire by the one, sessions by the other')
      : good('database', "its clock agrees with this machine's")
  ]
}

/** Only a role with pg_monitor sees how far they are; for others there are none. */
async function examineStandbys (sql: Sql): Promise<Finding[]> {
  const standbys = await sql<{ name: string, lag: number }[]>`
    SELECT application_name AS name, coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag
    FROM pg_stat_replication WHERE state IS NOT NULL`
  return standbys.map(({ name, lag }) => lag > maxReplayLag
    ? warning('database', `standby ${name} is ${Math.round(lag)} s behind`, 'look at its disk and network')
    : good('database', `standby ${name} follows`))
}

async function examineCluster (sql: Sql): Promise<Finding[]> {
  const { isCluster, servers, steps } = await readDistribution(sql)
  if (!isCluster) return []
  return [verdict('cluster', steps.length, `Citus, ${servers} servers take rows, all tables are placed`,
    'steps are missing', 'keyturn migrate --distribute --dry-run')]
}

async function examineRights (sql: Sql): Promise<Finding[]> {
  const missing = await missingRights(sql)
  return missing.length === 0
    ? [good('database', 'the role may do what Keyturn does')]
    : [bad('database', `the role lacks ${missing.join(', ')}`, 'GRANT them: docs/operations.md has the statements')]
}

const verdict = (check: Finding['check'], missing: number, finding: string, what: string, remedy: string): Finding =>
  missing === 0 ? good(check, finding) : bad(check, `${missing} ${what}`, remedy)
