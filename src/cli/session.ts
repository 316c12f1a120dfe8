import { Command } from 'commander'
import { accountHelp, accountOf, accountReference } from './arguments.js'
import { AuthError } from '../core/errors.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printDone, printRows, type OutputOptions } from './output.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

interface RevokeOptions extends OutputOptions, ReasonOptions {
  all?: boolean
}

/** `keyturn session …` */
export function sessionCommand (env: Environment): Command {
  const session = new Command('session').description('list and end sessions')

  session.command('list').argument('<account>', accountHelp, accountReference)
    .description('list the live sessions of an account')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      const sessions = await core.sessions.list(id)
      printRows(sessions.map(view => ({ ...view })), options)
    }))

  session.command('revoke').argument('<account>', accountHelp, accountReference)
    .argument('[session]', 'the id that `list` shows')
    .option('--all', 'end all sessions of the account')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .description('end one session, or all')
    .action((address: string, sessionId: string | undefined, options: RevokeOptions, command: Command) => {
      const { all = false, reason, ...output } = options
      if (all === (sessionId !== undefined)) command.error('error: name one session, or --all')
      return withCore(env, async core => {
        const { id } = await accountOf(core, address)
        const ended = sessionId === undefined
          ? await core.sessions.endAll(id, 'revoked', operator({ reason }))
          : Number(await core.sessions.end(id, sessionId, 'revoked', operator({ reason })))
        if (sessionId !== undefined && ended === 0) {
          throw new AuthError('not_found', { message: 'no live session of this account has this id' })
        }
        printDone(`ended ${ended} session${ended === 1 ? '' : 's'}`, { ended }, output)
      })
    })

  return session
}
