import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { loadSettings } from '../config/settings.js'
import { contractNames } from '../contracts/names.js'
import { serverName, type Address } from '../db/address.js'
import { addressesOf, connect } from '../db/client.js'
import { readDistribution } from '../db/distribution.js'
import { missingMigrations } from '../db/migrate.js'
import { probe } from '../db/probe.js'
import { printRows, type OutputOptions } from './output.js'

/** What was looked at, and what an operator should know of it. */
interface Finding {
  check: 'settings' | 'database' | 'server' | 'schema' | 'cluster'
  result: 'good' | 'warning' | 'bad'
  finding: string
}

/** `keyturn doctor`: looks at the settings and the database, changes nothing, and fails when something is wrong. */
export function doctorCommand (env: Environment): Command {
  return new Command('doctor').description('look for what is wrong with the settings or the database; changes nothing')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions) => {
      const { database: { url }, risks } = loadSettings(env, contractNames)
      const findings: Finding[] = [
        ...risks.map((finding): Finding => ({ check: 'settings', result: 'warning', finding })),
        ...url === undefined ? [embedded] : await examine(url)
      ]
      printRows(findings.map(finding => ({ ...finding })), options)
      if (findings.some(({ result }) => result === 'bad')) process.exitCode = 1
    })
}

const embedded: Finding = { check: 'database', result: 'good', finding: 'embedded: one process serves at a time' }

/** Every server of the URL, then the database on the one that takes writes. */
async function examine (url: string): Promise<Finding[]> {
  const servers = await Promise.all(addressesOf({ url }).map(async address =>
    ({ address, takesWrites: await probe(address) !== null })))
  const primary = servers.find(({ takesWrites }) => takesWrites)
  const findings = servers.map(({ address, takesWrites }): Finding => ({
    check: 'server',
    // One that takes writes is enough: the others are standbys.
    result: primary === undefined ? 'bad' : 'good',
    finding: `${serverName(address)} ${takesWrites ? 'takes writes' : 'takes no writes, or does not answer'}`
  }))
  return primary === undefined ? findings : [...findings, ...await examineSchema(primary.address)]
}

async function examineSchema (address: Address): Promise<Finding[]> {
  const sql = connect(address, { max: 1 })
  try {
    const missing = await missingMigrations(sql)
    const { isCluster, servers, steps } = await readDistribution(sql)
    const schema = verdict('schema', missing, 'up to date', 'migrations are missing: keyturn migrate')
    const cluster = verdict('cluster', steps.length, `Citus, ${servers} servers take rows, all tables are placed`,
      'steps are missing: keyturn migrate --distribute --dry-run')
    return isCluster ? [schema, cluster] : [schema]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const verdict = (check: Finding['check'], missing: number, good: string, bad: string): Finding =>
  missing === 0 ? { check, result: 'good', finding: good } : { check, result: 'bad', finding: `${missing} ${bad}` }
