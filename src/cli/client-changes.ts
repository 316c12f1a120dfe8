import { InvalidArgumentError, type Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { maxSecretOverlap, secretOverlap } from '../core/partners/client-changes.js'
import { duration } from './arguments.js'
import {
  audience, byKind, clientHelp, clientName, grantNames, grants, oneClient, readKeys, scopes, toClientRow, type Grant
} from './client-arguments.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printOne, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface UpdateOptions extends OutputOptions, ReasonOptions {
  name?: string
  grant?: Grant[]
  audience?: string
  scope?: string[] | false
  keys?: string
}

interface RotateOptions extends OutputOptions, ReasonOptions {
  /** Seconds. */
  overlap: number
}

const grantList = Object.keys(grantNames).join(', ')

/** Adds the commands that change a client. */
export function addChangeCommands (client: Command, env: Environment): void {
  client.command('update').argument('<client>', clientHelp).description('change a client; what is left out stays')
    .option('--name <name>', 'shown to operators', clientName)
    .option('--grant <grants>', `all that it has then, comma-separated, of ${grantList}`, grants)
    .option('--audience <audience>', 'whom the tokens are for that are made for it', audience)
    .option('--scope <scopes>', 'all that it may ask for, comma-separated', scopes).option('--no-scope', 'none')
    .option('--keys <file>', 'a JWK set, of a client that signs: replaces its keys')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action(async (reference: string, { name, grant, audience, scope, keys, ...options }: UpdateOptions) => {
      const publicKeys = keys === undefined ? undefined : await readKeys(keys)
      await withCore(env, async ({ partners: { clients } }) => {
        const { id } = oneClient(await clients.list(), reference)
        const change = { name, audience, publicKeys, scopes: scope === false ? [] : scope, ...grant && byKind(grant) }
        printOne(toClientRow(await clients.change(id, change, operator(options))), options)
      })
    })

  client.command('rotate-secret').argument('<client>', clientHelp)
    .description('give a client a new secret, which is shown once; the one before goes on for a day')
    .option('--overlap <duration>', `how long it goes on, at most ${maxSecretOverlap / 86_400}d; 0s ends it now`,
      upTo(maxSecretOverlap), secretOverlap)
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((reference: string, { overlap, ...options }: RotateOptions) =>
      withCore(env, async ({ partners: { clients } }) => {
        const { id } = oneClient(await clients.list(), reference)
        const { client, secret } = await clients.rotateSecret(id, overlap, operator(options))
        printOne({ ...toClientRow(client), secret }, options)
      }))
}

const upTo = (max: number) => (value: string): number => {
  const seconds = duration(value)
  if (seconds > max) throw new InvalidArgumentError(`At most ${max / 86_400}d.`)
  return seconds
}
