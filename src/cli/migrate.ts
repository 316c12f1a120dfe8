import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { loadSettings } from '../config/settings.js'
import { contractNames } from '../contracts/names.js'
import { connect } from '../db/client.js'
import { distribute, readDistribution, requireServers, DistributionError, type Step } from '../db/distribution.js'
import { print, printDone, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface MigrateOptions extends OutputOptions {
  distribute?: true
  dryRun?: true
}

/** `keyturn migrate`: brings the database to this version's schema, as `serve` does when it starts. */
export function migrateCommand (env: Environment): Command {
  return new Command('migrate').description('bring the database schema up to date')
    .option('--distribute', 'then spread the tables over the servers of a Citus cluster (docs/scaling.md)')
    .option('--dry-run', 'with --distribute: change nothing, say what would be done')
    .option('--json', 'print JSON')
    .action(async (options: MigrateOptions) => {
      if (options.dryRun === true) return printPlan(env, options)
      await withCore(env, async () => {
        if (options.distribute !== true) {
          printDone('the database schema is up to date', { schema: 'up to date' }, options)
          return
        }
        printSteps(await distribute({ url: urlOf(env) }), 'nothing to do: the database is distributed', options)
      })
    })
}

/** @throws DistributionError without DATABASE_URL */
function urlOf (env: Environment): string {
  const { database: { url } } = loadSettings(env, contractNames)
  if (url !== undefined) return url
  throw new DistributionError('--distribute needs DATABASE_URL: the embedded database is one server')
}

async function printPlan (env: Environment, options: MigrateOptions): Promise<void> {
  if (options.distribute !== true) throw new DistributionError('--dry-run goes with --distribute')
  const sql = connect({ url: urlOf(env) }, { max: 1 })
  try {
    const distribution = await readDistribution(sql)
    requireServers(distribution)
    printSteps(distribution.steps, 'nothing would be done: the database is distributed', options)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function printSteps (steps: readonly Step[], none: string, { json = false }: OutputOptions): void {
  const descriptions = steps.map(({ description }) => description)
  print(json ? JSON.stringify({ steps: descriptions }, null, 2) : descriptions.join('\n') || none)
}
