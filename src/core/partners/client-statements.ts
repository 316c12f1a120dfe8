import type { Pool } from '../../db/pool.js'
import { getTableColumns } from '../../db/query.js'
import { clients } from '../../db/partner-schema.js'
import { recordSubject } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'

const { id, name, grantTypes, permissions, audience, scopes, createdAt } = getTableColumns(clients)
export const shownColumns = { id, name, grantTypes, permissions, audience, scopes, createdAt }

type Row = typeof clients.$inferSelect

/** A partner service (RFC 6749 2), without its credentials. Its tokens are issued for its `audience`. */
export type Client = Pick<Row, keyof typeof shownColumns>

export type ClientRow = Client & Pick<Row, 'secretHash' | 'publicKeys'>

/** A client with its credentials; by hand, since every request of a client begins with it. */
export function selectClient (sql: Pool, id: string) {
  return sql<ClientRow[]>`
    SELECT id, name, grant_types, permissions, audience, scopes, created_at, secret_hash, public_keys
    FROM clients WHERE id = ${id}`
}

type InsertedClient = Pick<Row, 'id' | 'name' | 'secretHash' | 'publicKeys' | 'grants' | 'permissions' | 'audience' |
  'scope'>

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

/** Deletes a client and records that it was, if there is one. */
export function deleteClient (sql: Pool, id: string, clientInfo: ClientInfo) {
  return sql<Array<Pick<Client, 'id'>>>`
    WITH client AS (
      DELETE FROM clients WHERE id = ${id} RETURNING id, id AS subject
    ), record AS (${recordSubject(sql, 'client_removed', 'client', clientInfo)})
    SELECT id FROM client`
}
