import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { AuthError } from '../core/errors.js'
import { readNewClientKeys } from '../core/partners/client-keys.js'
import {
  clientGrants, clientPermissions, type Client, type ClientGrant, type ClientPermission
} from '../core/partners/clients.js'

export type Grant = ClientGrant | ClientPermission

/** Of an argument that names a client. */
export const clientHelp = 'its id, or its name'

/** The client that an id or a name means. @throws AuthError `not_found`; Error for a name that several have */
export function oneClient (all: Client[], reference: string): Client {
  const named = all.filter(({ id, name }) => id === reference || name === reference)
  const [only] = named
  if (only === undefined) {
    const message = `no client has the id or name ${reference}; keyturn client list has all`
    throw new AuthError('not_found', { message })
  }
  if (named.length > 1) throw new Error(`give an id: ${named.map(({ id }) => id).join(' and ')} are named ${reference}`)
  return only
}

/** The JWK set in a file. @throws Error which says what is wrong with it */
export async function readKeys (file: string): Promise<string> {
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
export const grantNames: Record<string, Grant> = Object.fromEntries(
  [...clientGrants, ...clientPermissions].map((grant): [string, Grant] =>
    [grant.slice(grant.lastIndexOf(':') + 1), grant]))

/** What is harmless, and most partners need. */
export const defaultGrants: Grant[] = ['introspect', 'events']

/** Checks a list of grants. */
export function grants (list: string): Grant[] {
  return list.split(',').map(name => {
    const grant = grantNames[name]
    if (grant === undefined) throw new InvalidArgumentError(`Grants are ${Object.keys(grantNames).join(', ')}.`)
    return grant
  })
}

/** Scopes are stored in one text with spaces between (RFC 6749 3.3). */
export function scopes (list: string): string[] {
  const all = list.split(',')
  if (!all.every(scope => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new InvalidArgumentError('A scope has no spaces, quotes or backslashes.')
  }
  return all
}

/** Checks the name of a client. */
export function clientName (value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('A client has a name.')
  return value
}

/** Checks an audience. */
export function audience (value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new InvalidArgumentError('An audience has no spaces; a URL is usual.')
  return value
}

/** The grants and the permissions among what a client is granted. */
export const byKind = (all: Grant[]) => ({
  grantTypes: clientGrants.filter(each => all.includes(each)),
  permissions: clientPermissions.filter(each => all.includes(each))
})

/** A client as the command line prints it. */
export function toClientRow ({ id, name, grantTypes, permissions, audience, scopes, createdAt }: Client) {
  return { id, name, grants: [...grantTypes, ...permissions], audience, scope: scopes, createdAt }
}
