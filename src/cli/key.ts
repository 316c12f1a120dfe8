import { Command } from 'commander'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printRows, type OutputOptions } from './output.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

interface RotateOptions extends OutputOptions, ReasonOptions {
  now?: boolean
}

/** `keyturn key …` */
export function keyCommand (env: Environment): Command {
  const key = new Command('key').description('list and rotate the keys that sign access tokens')

  key.command('list').description('list the keys and what each does')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async core => printRows(core.keys.list(), options)))

  key.command('rotate').description('announce the next key, which signs an hour later')
    .option('--now', 'let it sign in half a minute, as soon as every instance has read it')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action(({ now = false, ...options }: RotateOptions) => withCore(env, async ({ keys }) => {
      await keys.rotate({ atOnce: now }, operator(options))
      printRows(keys.list(), options)
    }))

  return key
}
