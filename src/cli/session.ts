import { Command } from 'commander'
import { accountOf, email } from './account.js'
import { print, printRows, type OutputOptions } from './output.js'
import { commandLine } from '../core/lib/client-info.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

/** `keyturn session …` */
export function sessionCommand (env: Environment): Command {
  const session = new Command('session').description('list and end sessions')

  session.command('list').argument('<email>', '', email).description('list the live sessions of an account')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      const sessions = await core.sessions.list(id)
      printRows(sessions.map(view => ({ ...view })), options)
    }))

  session.command('revoke').argument('<email>', '', email).argument('[session]', 'the id that `list` shows')
    .option('--all', 'end all sessions of the account')
    .description('end one session, or all')
    .action((address: string, sessionId: string | undefined, { all = false }: { all?: boolean }, command: Command) => {
      if (all === (sessionId !== undefined)) command.error('error: name one session, or --all')
      return withCore(env, async core => {
        const { id } = await accountOf(core, address)
        const ended = sessionId === undefined
          ? await core.sessions.endAll(id, 'revoked', commandLine)
          : Number(await core.sessions.end(id, sessionId, 'revoked', commandLine))
        print(`ended ${ended} session${ended === 1 ? '' : 's'}`)
      })
    })

  return session
}
