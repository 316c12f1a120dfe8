import { sql } from 'drizzle-orm'
import { boolean, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytea } from './bytea.js'
import type { ClientGrant, ClientPermission } from './stored-values.js'

/* Only drizzle-kit calls the functions in here, when it makes a migration, so coverage does not count them. */

/* c8 ignore start */
const instant = (name: string) => timestamp(name, { withTimezone: true })

/**
 * Partner services. `grants` and `scope` are lists with spaces between (RFC 6749 3.3), as version 0.1 writes them;
 * everything else reads the arrays made of them. Once no process of 0.1 is left, the texts can go (ADR 0014).
 */
export const clients = pgTable('clients', {
  id: text().primaryKey(),
  name: text().notNull(),
  secretHash: bytea('secret_hash'),
  /** A JWK set, for clients that sign instead of sending a secret. */
  publicKeys: text('public_keys'),
  grants: text().notNull(),
  grantTypes: text('grant_types').array().notNull().generatedAlwaysAs(sql`string_to_array(grants, ' ')`)
    .$type<ClientGrant[]>(),
  /** Version 0.1 knows none of them and allows all: its clients keep all, also those it adds while it still runs. */
  permissions: text().array().notNull().default(sql`'{introspect,revoke,events}'`).$type<ClientPermission[]>(),
  audience: text().notNull(),
  /** Whether no other client may have the audience. Clients of version 0.1 may share one. */
  audienceIsOwn: boolean('audience_is_own').notNull().default(false),
  scope: text().notNull(),
  scopes: text().array().notNull().generatedAlwaysAs(sql`string_to_array(scope, ' ')`),
  createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
  /** It has acknowledged every event before this. */
  eventsFrom: instant('events_from').notNull().default(sql`clock_timestamp()`)
}, table => [
  uniqueIndex('clients_own_audience').on(table.audience).where(sql`audience_is_own`)
])

/** Client assertions that were used, until they expire by themselves (RFC 7523 3). */
export const clientAssertions = pgTable('client_assertions', {
  clientId: text('client_id').notNull().references(() => clients.id, { onDelete: 'cascade' }),
  jti: text().notNull(),
  expiresAt: instant('expires_at').notNull()
}, table => [
  primaryKey({ columns: [table.clientId, table.jti] })
])

/** Which events a partner has acknowledged; the others are sent again (RFC 8936 2.4). */
export const eventAcknowledgements = pgTable('event_acknowledgements', {
  clientId: text('client_id').notNull().references(() => clients.id, { onDelete: 'cascade' }),
  eventId: uuid('event_id').notNull(),
  at: instant('at').notNull().default(sql`clock_timestamp()`)
}, table => [
  primaryKey({ columns: [table.clientId, table.eventId] })
])
/* c8 ignore stop */
