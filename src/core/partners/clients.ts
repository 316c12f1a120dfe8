import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Database } from '../../db/client.js'
import type { Pool } from '../../db/pool.js'
import { eq, expression, getTableColumns, lt } from '../../db/query.js'
import { clientAssertions, clients } from '../../db/schema.js'
import type { ClientGrant } from '../../db/stored-values.js'
import { AuthError } from '../errors.js'
import { randomSecret, sha256 } from '../lib/secrets.js'
import { hasOutdatedKey } from './client-keys.js'
import { checkAssertion, invalidAssertion, readAssertion } from './client-assertion.js'

export { clientGrants, type ClientGrant } from '../../db/stored-values.js'

const { id, name, grantTypes, audience, scopes, createdAt } = getTableColumns(clients)
const shownColumns = { id, name, grantTypes, audience, scopes, createdAt }

type Row = typeof clients.$inferSelect

/** A partner service (RFC 6749 2), without its credentials. Its tokens are issued for its `audience`. */
export type Client = Pick<Row, keyof typeof shownColumns>

export type ClientRow = Client & Pick<Row, 'secretHash' | 'publicKeys'>

export type ListedClient = Client & {
  /** Whether it signs with a key that is too short to be registered today. */
  hasOutdatedKey: boolean
}

export interface NewClient {
  name: string
  grantTypes: ClientGrant[]
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
/** Compared with when there is no such client, so that the time is the same. */
const dummyHash = Buffer.alloc(32)

/** Partner services, read from the database for each request: a removed one is rejected by all instances at once. */
export function createClients ({ db: { sql, query }, issuer, now }: ClientsNeeds) {
  /** The issuer (draft-ietf-oauth-rfc7523bis), and the token endpoint, which RFC 7523 allows and libraries send. */
  const assertionAudiences = [issuer, `${issuer}/oauth/token`]

  async function find (id: string): Promise<ClientRow | undefined> {
    if (!id.isWellFormed() || id.includes('\0')) return undefined
    const [row] = await selectClient(sql, id)
    return row
  }

  async function bySecret ({ id, secret }: { id: string, secret: string }): Promise<ClientRow | null> {
    const row = await find(id)
    const matches = timingSafeEqual(sha256(secret), row?.secretHash ?? dummyHash)
    return row !== undefined && matches ? row : null
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

  return {
    /**
     * Makes a client; its secret is returned once and only its hash is stored.
     * @throws AuthError `invalid_target` for Keyturn's own audience, with which its tokens would be valid everywhere
     */
    async add ({ name, grantTypes, scopes, audience, publicKeys }: NewClient): Promise<{
      client: Client, secret: string | null
    }> {
      if (audience === issuer) {
        throw new AuthError('invalid_target', {
          message: '--audience must differ from PUBLIC_URL: such tokens would be accepted by every contract'
        })
      }
      const id = `client_${randomBytes(idBytes).toString('base64url')}`
      const secret = publicKeys === undefined ? randomSecret() : null
      const [client] = await query.insert(clients).values({
        id,
        name,
        secretHash: secret === null ? null : sha256(secret),
        publicKeys: publicKeys ?? null,
        grants: grantTypes.join(' '),
        audience: audience ?? id,
        scope: scopes.join(' ')
      }).returning(shownColumns)
      return { client: client as Client, secret }
    },

    /** All clients, oldest first. */
    async list (): Promise<ListedClient[]> {
      const rows = await query.select({ ...shownColumns, publicKeys: clients.publicKeys }).from(clients)
        .orderBy(clients.createdAt, clients.id)
      return rows.map(({ publicKeys, ...client }) => ({ ...client, hasOutdatedKey: hasOutdatedKey(publicKeys) }))
    },

    /** @throws AuthError `not_found` */
    async remove (id: string): Promise<void> {
      const [removed] = await query.delete(clients).where(eq(clients.id, id)).returning({ id: clients.id })
      if (removed === undefined) throw new AuthError('not_found', { message: 'no client has this id' })
    },

    exists: async (id: string): Promise<boolean> => await find(id) !== undefined,

    /** @throws AuthError `invalid_client` */
    async authenticate (credentials: ClientCredentials): Promise<Client> {
      const client = 'assertion' in credentials
        ? await byAssertion(credentials.assertion, credentials.id)
        : await bySecret(credentials)
      if (client === null) throw new AuthError('invalid_client')
      return client
    },

    /** Deletes assertions that have expired by themselves. */
    async deleteExpiredAssertions (): Promise<void> {
      await query.delete(clientAssertions).where(lt(clientAssertions.expiresAt, expression`clock_timestamp()`))
    }
  }
}

/** A client with its credentials; by hand, since every request of a client begins with it. */
export function selectClient (sql: Pool, id: string) {
  return sql<ClientRow[]>`
    SELECT id, name, grant_types, audience, scopes, created_at, secret_hash, public_keys FROM clients WHERE id = ${id}`
}
