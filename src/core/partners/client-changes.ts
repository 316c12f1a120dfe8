import type { Database } from '../../db/database.js'
import { AuthError, unavailable } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { randomSecret, sha256 } from '../lib/secrets.js'
import {
  replaceClientSecret, updateClient, type Client, type ClientRow, type StoredClient
} from './client-statements.js'
import type { NewClient } from './clients.js'

/** What an operator changes of a client; what is left out stays. */
export type ClientChange = { [Member in keyof NewClient]?: NewClient[Member] | undefined }

export interface ClientChangesNeeds {
  db: Pick<Database, 'sql'>
  find: (id: string) => Promise<ClientRow | undefined>
  /** @throws AuthError `invalid_target` */
  refuseTakenAudience: (audience: string, ownId: string) => Promise<void>
  /** What a failed statement says of an audience that another client took at the same moment. */
  ifAudienceTaken: (error: unknown) => never
}

/** Seconds for which the former secret of a client goes on, unless the operator says otherwise. */
export const secretOverlap = 86_400

/** Seconds for which it may go on at most. */
export const maxSecretOverlap = 30 * 86_400

/** How often a change is tried that another one of the same client was quicker than. */
const tries = 2

/** Changes clients, and gives them new secrets. */
export function createClientChanges (needs: ClientChangesNeeds) {
  const { db: { sql }, find, refuseTakenAudience, ifAudienceTaken } = needs

  async function requireClient (id: string): Promise<ClientRow> {
    const row = await find(id)
    if (row === undefined) throw new AuthError('not_found', { message: 'no client has this id' })
    return row
  }

  return {
    /**
     * Changes what is given, all of it or nothing. With the tokens that it has, the client cannot administer by a
     * scope that it loses; introspection shows the scope until they expire.
     * @throws AuthError `not_found`; `invalid_target` as for a new client; `auth_method_differs` for keys of one with a
     * secret; `unavailable` when other changes of the same client were quicker
     */
    async change (id: string, wanted: ClientChange, clientInfo: ClientInfo): Promise<Client> {
      for (let tried = 0; tried < tries; tried += 1) {
        const before = await requireClient(id)
        if (wanted.publicKeys !== undefined && before.publicKeys === null) throw new AuthError('auth_method_differs')
        const [was, is] = [stored(before), { ...stored(before), ...storedChange(wanted) }]
        const difference = differenceOf(was, is)
        if (difference === null) return before
        if (is.audience !== was.audience) await refuseTakenAudience(is.audience, id)
        const [changed] = await updateClient(sql, id, was, is, difference, clientInfo).catch(ifAudienceTaken)
        if (changed !== undefined) return changed
      }
      throw unavailable(new Error('the client was changed at the same moment'))
    },

    /**
     * Gives a client a new secret, which is returned once; the one that it had goes on for `overlap` seconds. One from
     * before that ends.
     * @throws AuthError `not_found`; `auth_method_differs` for a client that signs instead
     */
    async rotateSecret (
      id: string, overlap: number, clientInfo: ClientInfo
    ): Promise<{ client: Client, secret: string }> {
      const secret = randomSecret()
      const [client] = await replaceClientSecret(sql, id, sha256(secret), overlap, clientInfo)
      if (client !== undefined) return { client, secret }
      await requireClient(id)
      throw new AuthError('auth_method_differs')
    }
  }
}

function stored ({ name, grantTypes, permissions, audience, scopes, publicKeys }: ClientRow): StoredClient {
  return { name, grants: grantTypes.join(' '), permissions, audience, scope: scopes.join(' '), publicKeys }
}

function storedChange ({ name, grantTypes, permissions, audience, scopes, publicKeys }: ClientChange) {
  const change = {
    name, grants: grantTypes?.join(' '), permissions, audience, scope: scopes?.join(' '), publicKeys
  }
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<StoredClient>
}

/** The members that differ, before and after; `null` if none does. Keys are not shown: their text can be long. */
function differenceOf (was: StoredClient, is: StoredClient) {
  const differing = (Object.keys(was) as Array<keyof StoredClient>).filter(member =>
    JSON.stringify(was[member]) !== JSON.stringify(is[member]))
  const shown = (of: StoredClient) => Object.fromEntries(differing.map(member =>
    member === 'publicKeys' ? [member, 'a JWK set'] : [member, of[member]]))
  return differing.length === 0 ? null : { before: shown(was), after: shown(is) }
}
