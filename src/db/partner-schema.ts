import { sql } from 'drizzle-orm'
import { boolean, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytea } from './bytea.js'
import type { ClientGrant, ClientPermission, StreamStatus } from './stored-values.js'

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
  /** The secret before, good until a time, so that a partner's servers can take the new one over one by one. */
  formerSecretHash: bytea('former_secret_hash'),
  formerSecretEndsAt: instant('former_secret_ends_at'),
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
  eventsFrom: instant('events_from').notNull().default(sql`clock_timestamp()`),
  /** When it last acknowledged an event. */
  eventsAcknowledgedAt: instant('events_acknowledged_at')
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

/** What a client has configured of its events (OpenID Shared Signals Framework 1.0, 8.1); without a row it gets all. */
export const eventStreams = pgTable('event_streams', {
  clientId: text('client_id').primaryKey().references(() => clients.id, { onDelete: 'cascade' }),
  id: uuid().notNull(),
  description: text(),
  /** The event types that it asked for, as it named them; `null` for all. */
  requestedTypes: text('requested_types').array(),
  status: text().notNull().default('enabled').$type<StreamStatus>(),
  statusReason: text('status_reason'),
  /** What happened before, while the stream was disabled, is not sent. */
  deliversFrom: instant('delivers_from').notNull().default(sql`'-infinity'`),
  /** Of the verification event that is to be sent; `null` when it was acknowledged. */
  verificationId: uuid('verification_id'),
  verificationState: text('verification_state'),
  verifiedAt: instant('verified_at').notNull().default(sql`'-infinity'`)
})

/** Accounts and sessions of whose events a client wants none. */
export const removedSubjects = pgTable('removed_subjects', {
  clientId: text('client_id').notNull().references(() => clients.id, { onDelete: 'cascade' }),
  accountId: uuid('account_id').notNull(),
  /** The nil UUID for the account with all its sessions. */
  sessionId: uuid('session_id').notNull()
}, table => [
  primaryKey({ columns: [table.clientId, table.accountId, table.sessionId] })
])
/* c8 ignore stop */
