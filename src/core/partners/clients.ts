import { randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Database } from '../../db/database.js'
import { and, eq, expression, lt, ne, or } from '../../db/query.js'
import { clientAssertions, clients } from '../../db/partner-schema.js'
import type { ClientGrant, ClientPermission } from '../../db/stored-values.js'
import { insertSubjectEvent } from '../audit/audit.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { randomSecret, sha256 } from '../lib/secrets.js'
import {
  deleteClient, insertClient, selectClient, shownColumns, type Client, type ClientRow
} from './client-statements.js'
import { audienceTaken, ifAudienceTaken, invalidAudience, isSameAudience } from './audience.js'
import { createClientChanges } from './client-changes.js'
import { hasOutdatedKey } from './client-keys.js'
import { checkAssertion, clientIdOf, invalidAssertion, readAssertion } from './client-assertion.js'

export type { Client, ClientRow } from './client-statements.js'
export { clientGrants, clientPermissions, type ClientGrant, type ClientPermission } from '../../db/stored-values.js'

export type ListedClient = Client & {
  /** Whether it signs with a key that is too short to be registered today. */
  hasOutdatedKey: boolean
}

export interface NewClient {
  name: string
  grantTypes: ClientGrant[]
  permissions: ClientPermission[]
  scopes: string[]
  /** Its own id when left out. */
  audience?: string | undefined
  /** A JWK set in JSON (client-keys.ts): the client signs (private_key_jwt) and has no secret. */
  publicKeys?: string | undefined
}

/** How a client authenticates (RFC 6749 2.3, RFC 7523 2.2). */
export type ClientCredentials = { id: string, secret: string } |
  { assertion: string, id?: string | undefined }

export interface ClientsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  issuer: string
  /** Milliseconds since 1970. */
  now: () => number
}

export type Clients = ReturnType<typeof createClients>

const idBytes = 12
const refusalRecordIntervalMs = 60_000
const maxRecentlyRefused = 1_000
/** Compared with when there is no such client, so that the time is the same. */
const dummyHash = Buffer.alloc(32)

/** Partner services, read from the database for each request: a removed one is rejected by all instances at once. */
export function createClients ({ db: { sql, query }, issuer, now }: ClientsNeeds) {
  const recentlyRefused = new LRUCache<string, true>({ max: maxRecentlyRefused, ttl: refusalRecordIntervalMs })
  /** The issuer (draft-ietf-oauth-rfc7523bis), and the token endpoint, which RFC 7523 allows and libraries send. */
  const assertionAudiences = [issuer, `${issuer}/oauth/token`]

  async function find (id: string): Promise<ClientRow | undefined> {
    if (!id.isWellFormed() || id.includes('\0')) return undefined
    const [row] = await selectClient(sql, id)
    return row
  }

  async function bySecret ({ id, secret }: { id: string, secret: string }): Promise<ClientRow> {
    const row = await find(id)
    const hash = sha256(secret)
    const isSecret = timingSafeEqual(hash, row?.secretHash ?? dummyHash)
    const isFormer = timingSafeEqual(hash, row?.formerSecretHash ?? dummyHash)
    const isGood = isSecret || (isFormer && Number(row?.formerSecretEndsAt) > now())
    if (row === undefined || !isGood) throw new AuthError('invalid_client')
    return row
  }

  /** Of a client that exists, once a minute: refusals are not limited in number, and records are kept for long. */
  async function recordRefusal (credentials: ClientCredentials, clientInfo: ClientInfo): Promise<void> {
    const id = 'assertion' in credentials ? clientIdOf(credentials.assertion) : credentials.id
    if (id === null || recentlyRefused.has(id) || await find(id) === undefined) return
    recentlyRefused.set(id, true)
    await insertSubjectEvent(sql, 'client_refused', id, clientInfo)
  }

  /**
   * An assertion is accepted once: of two requests with the same one, the second is rejected (RFC 7523 3).
   * @throws AuthError `invalid_client`; an unknown client and a wrong signature are reported alike
   */
  async function byAssertion (text: string, id: string | undefined): Promise<ClientRow> {
    const assertion = readAssertion(text, assertionAudiences, now())
    const { clientId, jti, exp } = assertion
    if (id !== undefined && id !== clientId) throw invalidAssertion('client_id must be its sub')
    const row = await find(clientId)
    if (row === undefined || !checkAssertion(assertion, row.publicKeys)) {
      throw invalidAssertion('no key of the client made the signature')
    }
    const [first] = await query.insert(clientAssertions).values({ clientId, jti, expiresAt: new Date(exp * 1000) })
      .onConflictDoNothing().returning({ jti: clientAssertions.jti })
    if (first === undefined) throw invalidAssertion('jti was used before')
    return row
  }

  async function refuseTakenAudience (audience: string, ownId: string): Promise<void> {
    if (isSameAudience(audience, issuer)) {
      throw invalidAudience('must differ from PUBLIC_URL: such tokens would be accepted by every contract')
    }
    const isTaken = or(eq(clients.audience, audience), eq(clients.id, audience))
    const [other] = await query.select({ id: clients.id }).from(clients).where(and(ne(clients.id, ownId), isTaken))
      .limit(1)
    if (other !== undefined) throw audienceTaken(other.id)
  }

  return {
    /**
     * Makes a client; its secret is returned once and only its hash is stored.
     * @throws AuthError `invalid_target` for Keyturn's own audience, with which its tokens would be valid everywhere,
     * and for that or the id of another client, which could use them
     */
    async add (
      { name, grantTypes, permissions, scopes, audience, publicKeys }: NewClient, clientInfo: ClientInfo
    ): Promise<{ client: Client, secret: string | null }> {
      const id = `client_${randomBytes(idBytes).toString('base64url')}`
      if (audience !== undefined) await refuseTakenAudience(audience, id)
      const secret = publicKeys === undefined ? randomSecret() : null
      const [client] = await insertClient(sql, {
        id,
        name,
        secretHash: secret === null ? null : sha256(secret),
        publicKeys: publicKeys ?? null,
        grants: grantTypes.join(' '),
        permissions,
        audience: audience ?? id,
        scope: scopes.join(' ')
      }, clientInfo).catch(ifAudienceTaken)
      return { client, secret }
    },

    /** All clients, oldest first. */
    async list (): Promise<ListedClient[]> {
      const rows = await query.select({ ...shownColumns, publicKeys: clients.publicKeys }).from(clients)
        .orderBy(clients.createdAt, clients.id)
      return rows.map(({ publicKeys, ...client }) => ({ ...client, hasOutdatedKey: hasOutdatedKey(publicKeys) }))
    },

    /** @throws AuthError `not_found` */
    async remove (id: string, clientInfo: ClientInfo): Promise<void> {
      const [removed] = await deleteClient(sql, id, clientInfo)
      if (removed === undefined) throw new AuthError('not_found', { message: 'no client has this id' })
    },

    ...createClientChanges({ db: { sql }, find, refuseTakenAudience, ifAudienceTaken }),

    exists: async (id: string): Promise<boolean> => await find(id) !== undefined,

    /** The client with an id, if there is one. */
    find: async (id: string): Promise<Client | undefined> => find(id),

    /** @throws AuthError `invalid_client` */
    async authenticate (credentials: ClientCredentials, clientInfo: ClientInfo): Promise<Client> {
      try {
        return 'assertion' in credentials
          ? await byAssertion(credentials.assertion, credentials.id)
          : await bySecret(credentials)
      } catch (error) {
        if (error instanceof AuthError && error.code === 'invalid_client') await recordRefusal(credentials, clientInfo)
        throw error
      }
    },

    /** Deletes assertions that have expired by themselves. */
    async deleteExpiredAssertions (this: void): Promise<void> {
      await query.delete(clientAssertions).where(lt(clientAssertions.expiresAt, expression`now()`))
    }
  }
}

/** @throws AuthError `unauthorized_client` */
export function requireGrant ({ grantTypes, permissions }: Client, grant: ClientGrant | ClientPermission): void {
  const all: string[] = [...grantTypes, ...permissions]
  if (all.includes(grant)) return
  throw new AuthError('unauthorized_client', { description: `the client lacks the grant ${grant}` })
}
