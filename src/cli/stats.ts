import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { printOne, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

/** `keyturn stats`: how much there is. */
export function statsCommand (env: Environment): Command {
  return new Command('stats').description('show how many accounts, sessions and records there are, about')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async ({ operators }) => {
      const { asOf, ...counts } = await operators.statistics()
      printOne({ asOf: new Date(asOf), ...counts }, options)
    }))
}
