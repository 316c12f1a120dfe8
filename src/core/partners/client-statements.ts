import type { Pool } from '../../db/pool.js'
import { getTableColumns } from '../../db/query.js'
import { clients } from '../../db/partner-schema.js'
import { recordSubject, type RecordedChange } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'

const { id, name, grantTypes, permissions, audience, scopes, createdAt } = getTableColumns(clients)
export const shownColumns = { id, name, grantTypes, permissions, audience, scopes, createdAt }

type Row = typeof clients.$inferSelect

/** A partner service (RFC 6749 2), without its credentials. Its tokens are issued for its `audience`. */
export type Client = Pick<Row, keyof typeof shownColumns>

export type ClientRow = Client & Pick<Row, 'secretHash' | 'formerSecretHash' | 'formerSecretEndsAt' | 'publicKeys'>

/** A client with its credentials; by hand, since every request of a client begins with it. */
export function selectClient (sql: Pool, id: string) {
  return sql<ClientRow[]>`
    SELECT id, name, grant_types, permissions, audience, scopes, created_at, secret_hash, former_secret_hash,
      former_secret_ends_at, public_keys
    FROM clients WHERE id = ${id}`
}

/** What an operator says of a client, as it is stored. */
export type StoredClient = Pick<Row, 'name' | 'publicKeys' | 'grants' | 'permissions' | 'audience' | 'scope'>

type InsertedClient = StoredClient & Pick<Row, 'id' | 'secretHash'>

/** Inserts a client and records that it was. */
export function insertClient (sql: Pool, client: InsertedClient, clientInfo: ClientInfo) {
  const { id, name, secretHash, publicKeys, grants, permissions, audience, scope } = client
  return sql<[Client]>`
    WITH client AS (
      INSERT INTO clients (id, name, secret_hash, public_keys, grants, permissions, audience, audience_is_own, scope)
      VALUES (${id}, ${name}, ${secretHash}, ${publicKeys}, ${grants}, ${permissions}, ${audience}, true, ${scope})
      RETURNING *, id AS subject
    ), record AS (${recordSubject(sql, 'client_added', 'client', clientInfo)})
    SELECT id, name, grant_types, permissions, audience, scopes, created_at FROM client`
}

/** Changes a client and records what was changed; returns no row when it is not any more as it was. */
export function updateClient (
  sql: Pool, id: string, was: StoredClient, is: StoredClient, change: RecordedChange, clientInfo: ClientInfo
) {
  return sql<Client[]>`
    WITH client AS (
      UPDATE clients AS client SET name = ${is.name}, public_keys = ${is.publicKeys}, grants = ${is.grants},
        permissions = ${is.permissions}, audience = ${is.audience}, scope = ${is.scope},
        audience_is_own = client.audience_is_own OR ${is.audience !== was.audience}
      WHERE client.id = ${id} AND client.name = ${was.name}
        AND client.public_keys IS NOT DISTINCT FROM ${was.publicKeys} AND client.grants = ${was.grants}
        AND client.permissions = ${was.permissions} AND client.audience = ${was.audience}
        AND client.scope = ${was.scope}
      RETURNING client.*, client.id AS subject
    ), record AS (${recordSubject(sql, 'client_changed', 'client', clientInfo, change)})
    SELECT id, name, grant_types, permissions, audience, scopes, created_at FROM client`
}

/** Stores the hash of a client's next secret, and until when the former one is good. No row for one without. */
export function replaceClientSecret (
  sql: Pool, id: string, secretHash: Buffer, overlap: number, clientInfo: ClientInfo
) {
  return sql<Client[]>`
    WITH client AS (
      UPDATE clients AS client SET secret_hash = ${secretHash},
        former_secret_hash = ${overlap === 0 ? sql`NULL` : sql`client.secret_hash`},
        former_secret_ends_at = now() + make_interval(secs => ${overlap})
      WHERE client.id = ${id} AND client.secret_hash IS NOT NULL
      RETURNING client.*, client.id AS subject
    ), record AS (${recordSubject(sql, 'client_secret_rotated', 'client', clientInfo)})
    SELECT id, name, grant_types, permissions, audience, scopes, created_at FROM client`
}

/** Deletes a client and records that it was, if there is one. */
export function deleteClient (sql: Pool, id: string, clientInfo: ClientInfo) {
  return sql<Array<Pick<Client, 'id'>>>`
    WITH client AS (
      DELETE FROM clients WHERE id = ${id} RETURNING id, id AS subject
    ), record AS (${recordSubject(sql, 'client_removed', 'client', clientInfo)})
    SELECT id FROM client`
}
