import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { readNewClientKeys } from '../core/partners/client-keys.js'
import {
  clientGrants, clientPermissions, type Client, type ClientGrant, type ClientPermission
} from '../core/partners/clients.js'
import { printDone, printOne, printRows, warn, type OutputOptions } from './output.js'
import type { Environment } from '../config/environment.js'
import { withCore } from './with-core.js'

type Grant = ClientGrant | ClientPermission

interface AddOptions extends OutputOptions {
  grant: Grant[]
  audience?: string
  scope: string[]
  keys?: string
}

/** `keyturn client …` */
export function clientCommand (env: Environment): Command {
  const client = new Command('client').description('make, list and remove partner services, see how their events stand')

  client.command('add').description('make a client; its secret is shown once')
    .argument('<name>', 'shown to operators', clientName)
    .option('--grant <grants>', `comma-separated, of ${Object.keys(grantNames).join(', ')}`, grants, defaultGrants)
    .option('--audience <audience>', 'whom the tokens are for that are made for it; its id if left out', audience)
    .option('--scope <scopes>', 'what it may ask for, comma-separated', scopes, [])
    .option('--keys <file>', 'a JWK set: the client signs (private_key_jwt) and has no secret')
    .option('--json', 'print JSON')
    .action(async (name: string, { grant, audience, scope, keys, ...output }: AddOptions) => {
      const publicKeys = keys === undefined ? undefined : await readKeys(keys)
      await withCore(env, async ({ partners: { clients } }) => {
        if ((await clients.list()).some(client => client.name === name)) warn(`another client is named ${name} as well`)
        const made = await clients.add({
          name,
          grantTypes: clientGrants.filter(each => grant.includes(each)),
          permissions: clientPermissions.filter(each => grant.includes(each)),
          audience,
          scopes: scope,
          publicKeys
        })
        printOne({ ...toRow(made.client), secret: made.secret }, output)
      })
    })

  client.command('list').description('list all clients')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async ({ partners: { clients } }) => {
      const all = await clients.list()
      printRows(all.map(toRow), options)
      for (const { id } of all.filter(({ hasOutdatedKey }) => hasOutdatedKey)) {
        warn(`${id} signs with an RSA key of less than 3072 bits: replace it`)
      }
    }))

  client.command('remove').argument('<id>').description('remove a client; it is refused everywhere at once')
    .option('--json', 'print JSON')
    .action((id: string, options: OutputOptions) => withCore(env, async ({ partners: { clients } }) => {
      await clients.remove(id)
      printDone(`removed ${id}`, { removed: id }, options)
    }))

  client.command('events').argument('<client>', 'its id, or its name')
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

  return client
}

/** @throws Error for no client, and for a name that several have */
function oneClient (all: Client[], reference: string): Client {
  const named = all.filter(({ id, name }) => id === reference || name === reference)
  const [only] = named
  if (only === undefined) throw new Error(`no client has the id or name ${reference}; keyturn client list has all`)
  if (named.length > 1) throw new Error(`give an id: ${named.map(({ id }) => id).join(' and ')} are named ${reference}`)
  return only
}

async function readKeys (file: string): Promise<string> {
  const text = await readFile(file, 'utf8')
  try {
    readNewClientKeys(text)
  } catch (error) {
    const problem = error instanceof SyntaxError ? 'that is no JSON' : (error as Error).message
    throw new Error(`${file}: ${problem}`, { cause: error })
  }
  return text
}

/** On the command line a grant is named by the last part of its identifier. */
const grantNames: Record<string, Grant> = Object.fromEntries(
  [...clientGrants, ...clientPermissions].map((grant): [string, Grant] =>
    [grant.slice(grant.lastIndexOf(':') + 1), grant]))

/** What is harmless, and most partners need. */
const defaultGrants: Grant[] = ['introspect', 'events']

function grants (list: string): Grant[] {
  return list.split(',').map(name => {
    const grant = grantNames[name]
    if (grant === undefined) throw new InvalidArgumentError(`Grants are ${Object.keys(grantNames).join(', ')}.`)
    return grant
  })
}

/** Scopes are stored in one text with spaces between (RFC 6749 3.3). */
function scopes (list: string): string[] {
  const all = list.split(',')
  if (!all.every(scope => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new InvalidArgumentError('A scope has no spaces, quotes or backslashes.')
  }
  return all
}

function clientName (value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('A client has a name.')
  return value
}

function audience (value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new InvalidArgumentError('An audience has no spaces; a URL is usual.')
  return value
}

function toRow ({ id, name, grantTypes, permissions, audience, scopes, createdAt }: Client) {
  return { id, name, grants: [...grantTypes, ...permissions], audience, scope: scopes, createdAt }
}
