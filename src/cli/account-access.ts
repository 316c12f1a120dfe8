import type { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { minPasswordLength } from '../core/passwords/password-hashing.js'
import { toAccountRow } from './account-row.js'
import { accountHelp, accountOf, accountReference } from './arguments.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printDone, printOne, type OutputOptions } from './output.js'
import { readPassword } from './password-input.js'
import { withCore } from './with-core.js'

type ActionOptions = OutputOptions & ReasonOptions

/** Adds the commands that say who gets in to an account. */
export function addAccessCommands (account: Command, env: Environment): void {
  const action = (name: string, description: string) =>
    account.command(name).argument('<account>', accountHelp, accountReference).description(description)
      .addOption(reasonOption()).option('--json', 'print JSON')

  action('disable', 'end all sessions and let nobody sign in')
    .action((reference: string, options: ActionOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, reference)
      printOne(toAccountRow(await core.accounts.disable(id, operator(options))), options)
    }))

  action('enable', 'let the owner sign in again')
    .action((reference: string, options: ActionOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, reference)
      printOne(toAccountRow(await core.accounts.enable(id, operator(options))), options)
    }))

  action('set-password', 'set a password, from a prompt or standard input, and end all sessions')
    .option('--password-stdin', 'read the password from standard input instead of a prompt')
    .action(async (reference: string, options: ActionOptions & { passwordStdin?: boolean }) => {
      const password = await readPassword(options)
      await withCore(env, async core => {
        const { id, email } = await accountOf(core, reference)
        await core.signIn.setPassword(id, { password, minPasswordLength }, operator(options))
        printDone(`${email} has a new password`, { id, email }, options)
      })
    })

  action('send-reset', 'send the owner a mail to set a new password with')
    .action((reference: string, options: ActionOptions) => withCore(env, async core => {
      const { id, email } = await accountOf(core, reference)
      await core.emailLinks.sendPasswordReset(id, operator(options))
      printDone(`a mail to ${email} is on its way`, { id, email }, options)
    }))

  action('require-reset', 'for an account in the wrong hands: no password, no session, a mail to the owner')
    .action((reference: string, options: ActionOptions) => withCore(env, async core => {
      const { id, email } = await accountOf(core, reference)
      const ended = await core.emailLinks.requirePasswordReset(id, operator(options))
      printDone(`ended ${ended} sessions; a mail to ${email} is on its way`, { id, email, ended }, options)
    }))
}
