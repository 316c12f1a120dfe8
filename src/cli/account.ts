import { Command, InvalidArgumentError } from 'commander'
import { displayName, type Account } from '../core/accounts/account.js'
import { commandLine } from '../core/lib/client-info.js'
import { minPasswordLength } from '../core/passwords/password-hashing.js'
import { accountHelp, accountOf, accountReference, count, email, time, username } from './arguments.js'
import { printDone, printOne, printRows, type OutputOptions } from './output.js'
import { readPassword } from './password-input.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

const pageSize = 500

interface AddOptions extends OutputOptions {
  username?: string
  name?: string
  plan?: string
  passwordStdin?: boolean
}

interface ListOptions extends OutputOptions {
  search?: string
  after: number
  limit?: number
}

interface SubscriptionOptions extends OutputOptions {
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
    .option('--password-stdin', 'read the password from standard input instead of a prompt')
    .option('--json', 'print JSON')
    .action(async (address: string, options: AddOptions) => {
      const password = await readPassword(options)
      const { username, name, plan } = options
      await withCore(env, async ({ accounts }) => {
        const made = await accounts.register({
          email: address,
          password,
          minPasswordLength,
          username,
          name,
          subscription: plan === undefined ? null : { plan, status: 'active', expiresAt: null }
        }, commandLine)
        printOne(toRow(made), options)
      })
    })

  account.command('show').argument('<account>', accountHelp, accountReference)
    .description('show one account')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      printOne(toRow(await accountOf(core, address)), options)
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
      printRows(found.map(toRow), output)
    }))

  account.command('subscription').argument('<account>', accountHelp, accountReference)
    .description('set what billing says')
    .option('--plan <plan>').option('--status <status>', '', 'active')
    .option('--expires <time>', 'such as 2025-12-31T23:59:59Z', time)
    .option('--none', 'take the subscription away')
    .option('--json', 'print JSON')
    .action((address: string, options: SubscriptionOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      const subscription = toSubscription(options)
      printOne(toRow(await core.accounts.setSubscription(id, subscription, commandLine)), options)
    }))

  account.command('disable').argument('<account>', accountHelp, accountReference)
    .description('end all sessions and let nobody sign in')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      printOne(toRow(await core.accounts.disable(id, commandLine)), options)
    }))

  account.command('enable').argument('<account>', accountHelp, accountReference)
    .description('let the owner sign in again')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      const { id } = await accountOf(core, address)
      printOne(toRow(await core.accounts.enable(id, commandLine)), options)
    }))

  account.command('delete').argument('<account>', accountHelp, accountReference)
    .description('delete an account and all that belongs to it')
    .requiredOption('--yes', 'yes, delete it')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      const { id, email } = await accountOf(core, address)
      await core.accounts.delete(id, commandLine)
      printDone(`deleted ${email}`, { deleted: email, id }, options)
    }))

  return account
}

function toSubscription ({ none = false, plan, status, expires }: SubscriptionOptions) {
  if (none) return null
  if (plan === undefined) throw new InvalidArgumentError('Name the plan with --plan, or take it away with --none.')
  return { plan, status, expiresAt: expires ?? null }
}

function toRow (account: Account) {
  return {
    id: account.id,
    number: account.number,
    email: account.email,
    username: account.username,
    name: displayName(account),
    subscription: account.subscription?.status ?? null,
    plan: account.subscription?.plan ?? null,
    expires: account.subscription?.expiresAt ?? null,
    createdAt: new Date(account.createdAt),
    disabled: account.disabledAt === null ? null : new Date(account.disabledAt)
  }
}
