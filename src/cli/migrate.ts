import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { loadSettings } from '../config/settings.js'
import { contractNames } from '../contracts/names.js'
import { connect } from '../db/client.js'
import { missingMigrations } from '../db/migrate.js'
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
    .option('--dry-run', 'change nothing, say what would be done')
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
  throw new DistributionError('--distribute and --dry-run need DATABASE_URL: the embedded database is one server, ' +
    'which serve migrates')
}

async function printPlan (env: Environment, options: MigrateOptions): Promise<void> {
  const sql = connect({ url: urlOf(env) }, { max: 1 })
  try {
    if (options.distribute !== true) {
      printList('migrations', await missingMigrations(sql), 'nothing would be done: the schema is up to date', options)
      return
    }
    const distribution = await readDistribution(sql)
    requireServers(distribution)
    printSteps(distribution.steps, 'nothing would be done: the database is distributed', options)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function printSteps (steps: readonly Step[], none: string, options: OutputOptions): void {
  printList('steps', steps.map(({ description }) => description), none, options)
}

function printList (name: string, items: string[], none: string, { json = false }: OutputOptions): void {
  print(json ? JSON.stringify({ [name]: items }, null, 2) : items.join('\n') || none)
}
