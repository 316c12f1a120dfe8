import { Command, InvalidArgumentError } from 'commander'
import { displayName, type Account } from '../core/accounts/account.js'
import { isEmail } from '../core/accounts/email.js'
import { isUsername } from '../core/accounts/username.js'
import { AuthError } from '../core/errors.js'
import type { Core } from '../core/index.js'
import { commandLine } from '../core/lib/client-info.js'
import { isUuid } from '../core/lib/uuid.js'
import { minPasswordLength } from '../core/passwords/password-hashing.js'
import { print, printOne, printRows, type OutputOptions } from './output.js'
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
        const made = await accounts.register(
          { email: address, password, minPasswordLength, username, name, plan }, commandLine)
        printOne(toRow(made), options)
      })
    })

  account.command('show').argument('<email>', '', email).description('show one account')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      printOne(toRow(await accountOf(core, address)), options)
    }))

  account.command('list').description('list all accounts')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async ({ accounts }) => {
      const all: Account[] = []
      for (let page = await accounts.list(pageSize); page.length > 0;) {
        all.push(...page)
        page = await accounts.list(pageSize, page.at(-1)?.number)
      }
      printRows(all.map(toRow), options)
    }))

  account.command('subscription').argument('<email>', '', email).description('set what billing says')
    .option('--plan <plan>').option('--status <status>', '', 'active')
    .option('--expires <time>', 'such as 2025-12-31T23:59:59Z', time)
    .option('--none', 'take the subscription away')
    .option('--json', 'print JSON')
    .action((address: string, options: SubscriptionOptions) => withCore(env, async ({ accounts }) => {
      printOne(toRow(await accounts.setSubscription(address, toSubscription(options), commandLine)), options)
    }))

  account.command('disable').argument('<email>', '', email)
    .description('end all sessions and let nobody sign in')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async ({ accounts }) => {
      printOne(toRow(await accounts.disable(address, commandLine)), options)
    }))

  account.command('enable').argument('<email>', '', email).description('let the owner sign in again')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async ({ accounts }) => {
      printOne(toRow(await accounts.enable(address, commandLine)), options)
    }))

  account.command('delete').argument('<email>', '', email).description('delete an account and all that belongs to it')
    .requiredOption('--yes', 'yes, delete it')
    .action((address: string) => withCore(env, async ({ accounts }) => {
      await accounts.delete(address, commandLine)
      print(`deleted ${address}`)
    }))

  return account
}

/** The account that an email or an id names. @throws AuthError `not_found` */
export async function accountOf (core: Core, reference: string): Promise<Account> {
  const account = isUuid(reference) ? await core.accounts.find(reference) : await core.accounts.findByEmail(reference)
  if (account === null) throw new AuthError('not_found', { message: 'no account has this email or id' })
  return account
}

/** The id of an account, also of one that was deleted. @throws AuthError `not_found` for an email */
export async function accountIdOf (core: Core, reference: string): Promise<string> {
  return isUuid(reference) ? reference : (await accountOf(core, reference)).id
}

/** Checks an argument that names an account. */
export function accountReference (value: string): string {
  if (!isEmail(value) && !isUuid(value)) throw new InvalidArgumentError('That is neither an email address nor an id.')
  return value
}

/** Checks the argument `<email>` of a new account. */
export function email (value: string): string {
  if (!isEmail(value)) throw new InvalidArgumentError('That is not an email address.')
  return value
}

function username (value: string): string {
  if (!isUsername(value)) {
    throw new InvalidArgumentError('A username has letters and digits of one script, and . _ ~ + -.')
  }
  return value
}

/** A time as in RFC 3339, section 5.6. `Date` alone would take `5` for a year and February 31 for March 3. */
function time (value: string): Date {
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.exec(value) ?? []
  const [midnight, date] = [new Date(`${day}T00:00:00Z`), new Date(value)]
  const isTime = [midnight, date].every(each => !Number.isNaN(each.getTime()))
  if (!isTime || !midnight.toISOString().startsWith(day)) {
    throw new InvalidArgumentError('That is not a time such as 2025-12-31T23:59:59Z.')
  }
  return date
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
    created: new Date(account.createdAt),
    disabled: account.disabledAt === null ? null : new Date(account.disabledAt)
  }
}
