import { sql } from 'drizzle-orm'
import {
  bigint, boolean, customType, foreignKey, index, integer, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid
} from 'drizzle-orm/pg-core'
import { isCacheInvalidatingEvent } from './audit-events.js'

/*
 * Rows that belong to an account have a primary key that begins with account_id: a distributed Postgres
 * keeps an account's rows on one shard, and every hot statement names that shard.
 *
 * Only drizzle-kit calls the functions in here, when it makes a migration, so coverage does not count them.
 */

/* c8 ignore start */
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const instant = (name: string) => timestamp(name, { withTimezone: true })

export const accounts = pgTable('accounts', {
  id: uuid().primaryKey(),
  /** The integer id of contract `spa`. */
  number: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().unique(),
  email: text().notNull().unique(),
  username: text(),
  name: text(),
  passwordHash: text('password_hash').notNull(),
  subscriptionStatus: text('subscription_status'),
  subscriptionPlan: text('subscription_plan'),
  subscriptionExpiresAt: instant('subscription_expires_at'),
  /** Stepped by whatever ends all access; a session of an older epoch is dead, also one a race let in late. */
  epoch: integer().notNull().default(0),
  disabledAt: instant('disabled_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow()
}, table => [
  uniqueIndex('accounts_username_unique').on(sql`lower(${table.username})`)
])

/** No index on a column that a refresh changes: refresh must stay a heap-only (HOT) update. */
export const sessions = pgTable('sessions', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull(),
  contract: text().notNull(),
  epoch: integer().notNull(),
  generation: integer().notNull().default(0),
  currentHash: bytea('current_hash'),
  previousHash: bytea('previous_hash'),
  /** Of the last step; with the previous secret and the server's key it gives the current secret again. */
  nonce: bytea(),
  rotatedAt: instant('rotated_at').notNull().defaultNow(),
  confirmedGeneration: integer('confirmed_generation').notNull().default(0),
  lateGeneration: integer('late_generation').notNull().default(0),
  lateStreak: integer('late_streak').notNull().default(0),
  address: text(),
  /** Whom the address stands for, to tell the owner's networks from a stranger's. */
  network: text(),
  userAgent: text('user_agent'),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason')
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  foreignKey({ columns: [table.accountId], foreignColumns: [accounts.id] }).onDelete('cascade')
])

/** In order of creation; an id alone finds out, when it must, whose the task is. */
export const tasks = pgTable('tasks', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull(),
  title: text().notNull(),
  completed: boolean().notNull().default(false),
  createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`)
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  foreignKey({ columns: [table.accountId], foreignColumns: [accounts.id] }).onDelete('cascade'),
  index('tasks_in_order').on(table.accountId, table.createdAt, table.id),
  index('tasks_by_id').on(table.id)
])

/** The numbers of an algorithm's keys are consecutive: of two instances that add a key, one wins. */
export const signingKeys = pgTable('signing_keys', {
  algorithm: text().notNull(),
  number: integer().notNull(),
  kid: text().notNull().unique(),
  sealedPrivateKey: bytea('sealed_private_key').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** Published before, so that partners and other instances know it by then. */
  signsFrom: instant('signs_from').notNull().defaultNow()
}, table => [
  primaryKey({ columns: [table.algorithm, table.number] })
])

/** Partner services; grants and scope are lists with spaces between (RFC 6749 3.3). */
export const clients = pgTable('clients', {
  id: text().primaryKey(),
  name: text().notNull(),
  secretHash: bytea('secret_hash'),
  /** A JWK set, for clients that sign instead of sending a secret. */
  publicKeys: text('public_keys'),
  grants: text().notNull(),
  audience: text().notNull(),
  scope: text().notNull(),
  createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
  /** It has taken every event before this. */
  eventsFrom: instant('events_from').notNull().default(sql`clock_timestamp()`)
})

/** Failed sign-ins under a name that says nothing, and guesses that are under way. */
export const loginThrottle = pgTable('login_throttle', {
  key: text().primaryKey(),
  /** How many failures and guesses there may be. */
  most: integer().notNull(),
  failures: integer().notNull().default(0),
  /** Until then the failures count. */
  endsAt: instant('ends_at').notNull().default(sql`'-infinity'`),
  /** When each guess that is under way began; the newest is the last. */
  guesses: instant('guesses').array().notNull()
}, table => [
  index('login_throttle_in_time').on(table.endsAt)
])

/** The names of client assertions that were used, until they expire by themselves (RFC 7523 3). */
export const clientAssertions = pgTable('client_assertions', {
  clientId: text('client_id').notNull().references(() => clients.id, { onDelete: 'cascade' }),
  jti: text().notNull(),
  expiresAt: instant('expires_at').notNull()
}, table => [
  primaryKey({ columns: [table.clientId, table.jti] })
])

/** Which events a partner has taken; the others are sent again. */
export const eventAcknowledgements = pgTable('event_acknowledgements', {
  clientId: text('client_id').notNull().references(() => clients.id, { onDelete: 'cascade' }),
  eventId: uuid('event_id').notNull(),
  at: instant('at').notNull().default(sql`clock_timestamp()`)
}, table => [
  primaryKey({ columns: [table.clientId, table.eventId] })
])

/** Kept when the account is deleted: what happened stays on record, without the person's data. */
export const auditEvents = pgTable('audit_events', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull().default(sql`gen_random_uuid()`),
  event: text().notNull(),
  sessionId: uuid('session_id'),
  address: text(),
  at: instant('at').notNull().default(sql`clock_timestamp()`)
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  index('noticed_events').on(table.at).where(sql.raw(isCacheInvalidatingEvent))
])
/* c8 ignore stop */
