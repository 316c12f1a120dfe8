import { pipeline } from 'node:stream/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Account } from '../core/accounts/account.js'
import { minPasswordLength } from '../core/passwords/password-hashing.js'
import { exportText } from '../http/personal-data/export-text.js'
import { addAccessCommands } from './account-access.js'
import { addExportCommand } from './account-export.js'
import { addImportCommand } from './account-import.js'
import { toAccountRow } from './account-row.js'
import { accountHelp, accountOf, accountReference, count, email, time, username } from './arguments.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { print, printDone, printOne, printRows, type OutputOptions } from './output.js'
import { readPassword } from './password-input.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

const pageSize = 500

interface AddOptions extends OutputOptions, ReasonOptions {
  username?: string
  name?: string
  plan?: string
  passwordStdin?: boolean
  emailVerified?: boolean
}

interface ListOptions extends OutputOptions {
  search?: string
  after: number
  limit?: number
}

interface UpdateOptions extends OutputOptions, ReasonOptions {
  email?: string
  emailVerified?: boolean
  name?: string | false
  username?: string | false
}

interface SubscriptionOptions extends OutputOptions, ReasonOptions {
  plan?: string
  status: string
  expires?: Date
  none?: boolean
}

/** `keyturn account …` */
export function accountCommand (env: Environment): Command {
  const account = new Command('account').description('make, show and change accounts')

  account.command('add').argument('<email>', '', email).description('make an account')
    .option('--username <username>', 'letters and digits', username).option('--name <name>')
    .option('--plan <plan>', 'start with an active subscription to this plan')
    .option('--email-verified', 'the owner is known to read the address')
    .option('--password-stdin', 'read the password from standard input instead of a prompt')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action(async (address: string, options: AddOptions) => {
      const password = await readPassword(options)
      const { username, name, plan, emailVerified } = options
      await withCore(env, async ({ accounts }) => {
        const made = await accounts.register({
          email: address,
          emailVerified,
          password,
          minPasswordLength,
          username,
          name,
          subscription: plan === undefined ? null : { plan, status: 'active', expiresAt: null }
        }, operator(options))
        printOne(toAccountRow(made), options)
      })
    })

  account.command('show').argument('<account>', accountHelp, accountReference)
    .description('show one account')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      printOne(toAccountRow(await accountOf(core, address)), options)
    }))

  account.command('list').description('list accounts, in the order in which they were made')
    .option('--search <text>', 'only those with it in email, username or name')
    .option('--after <number>', 'only those after the account with this number', count, 0)
    .option('--limit <count>', 'accounts at most; all if left out', count)
    .option('--json', 'print JSON')
    .action(({ search, after, limit = Infinity, ...output }: ListOptions) => withCore(env, async ({ accounts }) => {
      const found: Account[] = []
      let last = after
      while (found.length < limit) {
        const page = await accounts.list(Math.min(pageSize, limit - found.length), last, search)
        found.push(...page)
        if (page.length < pageSize) break
        last = Math.max(...page.map(({ number }) => number))
      }
      printRows(found.map(toAccountRow), output)
    }))

  account.command('update').argument('<account>', accountHelp, accountReference)
    .description('change an account; its sessions go on, and no mail is sent')
    .option('--email <email>', 'not verified, unless you say so', email)
    .option('--email-verified', 'the owner is known to read the address').option('--no-email-verified')
    .option('--name <name>').option('--no-name', 'take it away')
    .option('--username <username>', 'letters and digits', username).option('--no-username', 'take it away')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((address: string, options: UpdateOptions) => withCore(env, async core => {
      const { email, emailVerified } = options
      const [name, username] = [options.name, options.username].map(value => value === false ? null : value)
      const { id } = await accountOf(core, address)
      const change = { email, emailVerified, name, username }
      printOne(toAccountRow(await core.accounts.change(id, change, null, operator(options))), options)
    }))

  account.command('subscription').argument('<account>', accountHelp, accountReference)
    .description('set what billing says')
    .option('--plan <plan>').option('--status <status>', '', 'active')
    .option('--expires <time>', 'such as 2025-12-31T23:59:59Z', time)
    .option('--none', 'take the subscription away')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((address: string, options: SubscriptionOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      const subscription = toSubscription(options)
      printOne(toAccountRow(await core.accounts.change(id, { subscription }, null, operator(options))), options)
    }))

  account.command('delete').argument('<account>', accountHelp, accountReference)
    .description('delete an account and all that belongs to it')
    .requiredOption('--yes', 'yes, delete it')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions & ReasonOptions) => withCore(env, async core => {
      const { id, email } = await accountOf(core, address)
      await core.accounts.delete(id, operator(options))
      printDone(`deleted ${email}`, { deleted: email, id }, options)
    }))

  account.command('personal-data').argument('<account>', accountHelp, accountReference)
    .description('print all that is stored of a person, as JSON: what they may ask for by law')
    .action((address: string) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      await pipeline(exportText(await core.personalData.export(id), Date.now()), process.stdout, { end: false })
      print('')
    }))

  addAccessCommands(account, env)
  addImportCommand(account, env)
  addExportCommand(account, env)
  return account
}

function toSubscription ({ none = false, plan, status, expires }: SubscriptionOptions) {
  if (none) return null
  if (plan === undefined) throw new InvalidArgumentError('Name the plan with --plan, or take it away with --none.')
  return { plan, status, expiresAt: expires ?? null }
}
