import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Sql } from 'postgres'
import { checkAssertion, readAssertion } from './client-assertion.js'
import { AuthError } from '../errors.js'

/** What a client may ask `/oauth/token` for. */
export const clientGrants = [
  'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'
] as const

export type ClientGrant = typeof clientGrants[number]

/** A partner service (RFC 6749 2). */
export interface Client {
  id: string
  name: string
  grants: ClientGrant[]
  /** Whom the tokens are for that are made for this client. */
  audience: string
  scopes: string[]
  createdAt: Date
}

export interface NewClient extends Omit<Client, 'id' | 'audience' | 'createdAt'> {
  /** Its own id when left out. */
  audience?: string | undefined
  /** A JWK set in JSON: the client signs and has no secret. */
  publicKeys?: string | undefined
}

/** How a client shows who it is (RFC 6749 2.3, RFC 7523 2.2). */
export type ClientCredentials = { id: string, secret: string } | { assertion: string }

interface ClientRow {
  id: string
  name: string
  secretHash: Buffer | null
  publicKeys: string | null
  grants: string
  audience: string
  scope: string
  createdAt: Date
}

export type Clients = ReturnType<typeof createClients>

const secretBytes = 32
/** Compared where there is no client, so that the work is the same. */
const dummyHash = Buffer.alloc(32)

export interface ClientsNeeds {
  sql: Sql
  issuer: string
  /** Milliseconds since 1970. */
  now: () => number
}

/** Partner services, read from the database each time: one that is removed is unknown to every instance at once. */
export function createClients ({ sql, issuer, now }: ClientsNeeds) {
  const assertionAudiences = [issuer, `${issuer}/oauth/token`]
  const columns = sql`
    id, name, secret_hash AS "secretHash", public_keys AS "publicKeys", grants, audience, scope,
    created_at AS "createdAt"`

  async function find (id: string): Promise<ClientRow | undefined> {
    if (!id.isWellFormed() || id.includes('\0')) return undefined
    const [row] = await sql<ClientRow[]>`SELECT ${columns} FROM clients WHERE id = ${id}`
    return row
  }

  async function bySecret ({ id, secret }: { id: string, secret: string }): Promise<Client | null> {
    const row = await find(id)
    const matches = timingSafeEqual(sha256(secret), row?.secretHash ?? dummyHash)
    return row !== undefined && matches ? toClient(row) : null
  }

  /** An assertion is good once: of two that show the same one, the second is refused. */
  async function byAssertion (text: string): Promise<Client | null> {
    const assertion = readAssertion(text, assertionAudiences, now())
    const row = assertion === null ? undefined : await find(assertion.clientId)
    if (assertion === null || row === undefined || !checkAssertion(assertion, row.publicKeys)) return null
    const [first] = await sql`
      INSERT INTO client_assertions (client_id, jti, expires_at)
      VALUES (${assertion.clientId}, ${assertion.jti}, to_timestamp(${assertion.exp}))
      ON CONFLICT DO NOTHING RETURNING jti`
    return first === undefined ? null : toClient(row)
  }

  return {
    /**
     * Makes a client; the secret is told once and only its hash is kept.
     * @throws AuthError `invalid_target` for Keyturn's own audience, with which its tokens would be good everywhere
     */
    async add (client: NewClient): Promise<{ client: Client, secret: string | null }> {
      if (client.audience === issuer) {
        throw new AuthError('invalid_target', { message: 'an audience of its own, please: this one is Keyturn itself' })
      }
      const id = `client_${randomBytes(12).toString('base64url')}`
      const secret = client.publicKeys === undefined ? randomBytes(secretBytes).toString('base64url') : null
      const [row] = await sql<[ClientRow]>`
        INSERT INTO clients (id, name, secret_hash, public_keys, grants, audience, scope)
        VALUES (${id}, ${client.name}, ${secret === null ? null : sha256(secret)}, ${client.publicKeys ?? null},
          ${client.grants.join(' ')}, ${client.audience ?? id}, ${client.scopes.join(' ')})
        RETURNING ${columns}`
      return { client: toClient(row), secret }
    },

    async list (): Promise<Client[]> {
      const rows = await sql<ClientRow[]>`SELECT ${columns} FROM clients ORDER BY created_at, id`
      return rows.map(toClient)
    },

    /** @throws AuthError `not_found` */
    async remove (id: string): Promise<void> {
      const removed = await sql`DELETE FROM clients WHERE id = ${id} RETURNING id`
      if (removed.length === 0) throw new AuthError('not_found', { message: 'no client has this id' })
    },

    async exists (id: string): Promise<boolean> {
      return await find(id) !== undefined
    },

    /** @throws AuthError `invalid_client` */
    async authenticate (credentials: ClientCredentials): Promise<Client> {
      const client = 'assertion' in credentials
        ? await byAssertion(credentials.assertion)
        : await bySecret(credentials)
      if (client === null) throw new AuthError('invalid_client')
      return client
    },

    /** Forgets assertions that have expired. */
    async deleteExpiredAssertions (): Promise<void> {
      await sql`DELETE FROM client_assertions WHERE expires_at < clock_timestamp()`
    }
  }
}

function toClient ({ id, name, grants, audience, scope, createdAt }: ClientRow): Client {
  return { id, name, grants: toList(grants) as ClientGrant[], audience, scopes: toList(scope), createdAt }
}

function toList (text: string): string[] {
  return text.split(' ').filter(item => item !== '')
}

/** A secret of 256 random bits needs no slow hash. */
function sha256 (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
