import { Command } from 'commander'
import { printDone, type OutputOptions } from './output.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

/** `keyturn migrate`: brings the database to this version's schema, as `serve` does when it starts. */
export function migrateCommand (env: Environment): Command {
  return new Command('migrate').description('bring the database schema up to date')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async () =>
      printDone('the database schema is up to date', { schema: 'up to date' }, options)))
}
