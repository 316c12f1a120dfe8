import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import {
  audience, byKind, clientHelp, clientName, defaultGrants, grantNames, grants, oneClient, readKeys, scopes, toClientRow,
  type Grant
} from './client-arguments.js'
import { addChangeCommands } from './client-changes.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printDone, printOne, printRows, warn, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface AddOptions extends OutputOptions, ReasonOptions {
  grant: Grant[]
  audience?: string
  scope: string[]
  keys?: string
}

/** `keyturn client …` */
export function clientCommand (env: Environment): Command {
  const client = new Command('client').description('make, show, change and remove partner services')

  client.command('add').description('make a client; its secret is shown once')
    .argument('<name>', 'shown to operators', clientName)
    .option('--grant <grants>', `comma-separated, of ${Object.keys(grantNames).join(', ')}`, grants, defaultGrants)
    .option('--audience <audience>', 'whom the tokens are for that are made for it; its id if left out', audience)
    .option('--scope <scopes>', 'what it may ask for, comma-separated', scopes, [])
    .option('--keys <file>', 'a JWK set: the client signs (private_key_jwt) and has no secret')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action(async (name: string, { grant, audience, scope, keys, reason, ...output }: AddOptions) => {
      const publicKeys = keys === undefined ? undefined : await readKeys(keys)
      await withCore(env, async ({ partners: { clients } }) => {
        if ((await clients.list()).some(client => client.name === name)) warn(`another client is named ${name} as well`)
        const made = await clients.add(
          { name, ...byKind(grant), audience, scopes: scope, publicKeys }, operator({ reason }))
        printOne({ ...toClientRow(made.client), secret: made.secret }, output)
      })
    })

  client.command('list').description('list all clients')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async ({ partners: { clients } }) => {
      const all = await clients.list()
      printRows(all.map(toClientRow), options)
      for (const { id } of all.filter(({ hasOutdatedKey }) => hasOutdatedKey)) {
        warn(`${id} signs with an RSA key of less than 3072 bits: replace it`)
      }
    }))

  client.command('show').argument('<client>', clientHelp).description('show a client')
    .option('--json', 'print JSON')
    .action((reference: string, options: OutputOptions) => withCore(env, async ({ partners: { clients } }) => {
      printOne(toClientRow(oneClient(await clients.list(), reference)), options)
    }))

  client.command('remove').argument('<id>').description('remove a client; it is refused everywhere at once')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((id: string, options: OutputOptions & ReasonOptions) => withCore(env, async ({ partners: { clients } }) => {
      await clients.remove(id, operator(options))
      printDone(`removed ${id}`, { removed: id }, options)
    }))

  client.command('events').argument('<client>', clientHelp)
    .description('show the event stream of a client, and how far it is behind')
    .option('--json', 'print JSON')
    .action((reference: string, options: OutputOptions) => withCore(env, async ({ partners, securityEvents }) => {
      const { id, name } = oneClient(await partners.clients.list(), reference)
      const { stream, lag, acknowledgedAt } = await securityEvents.state(id)
      printOne({
        id,
        name,
        stream: stream?.id ?? null,
        status: stream?.status ?? null,
        requestedTypes: stream?.requestedTypes ?? null,
        lagSeconds: Math.round(lag),
        lastAcknowledgedAt: acknowledgedAt
      }, options)
    }))

  addChangeCommands(client, env)
  return client
}
