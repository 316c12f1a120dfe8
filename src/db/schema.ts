import { sql } from 'drizzle-orm'
import {
  bigint, boolean, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid
} from 'drizzle-orm/pg-core'
import { isCacheInvalidatingEvent, type AuditDetails, type AuditEvent } from './audit-events.js'
import { bytea } from './bytea.js'
import { hashParameters, isForeignHash } from './foreign-hashes.js'
import type { EndReason, IdentifierKind, SessionContract, StoredAlgorithm } from './stored-values.js'

/*
 * Rows that belong to an account have a primary key that begins with account_id: a distributed Postgres
 * keeps an account's rows on one shard, and every hot statement names that shard. The tables of
 * mails and of partners are in mail-schema.ts and partner-schema.ts.
 *
 * Only drizzle-kit calls the functions in here, when it makes a migration, so coverage does not count them.
 */

/* c8 ignore start */
const instant = (name: string) => timestamp(name, { withTimezone: true })

/**
 * Which account has an email or a username. In a table of its own, since a distributed Postgres can keep a value unique
 * only where rows are placed by it; core/accounts/identifiers.ts has how an account gets one.
 */
export const accountIdentifiers = pgTable('account_identifiers', {
  kind: text().notNull().$type<IdentifierKind>(),
  /** As it is compared: the email as it is stored, the username in lower case. */
  value: text().notNull(),
  accountId: uuid('account_id').notNull(),
  claimedAt: instant('claimed_at').notNull().defaultNow()
}, table => [
  primaryKey({ columns: [table.kind, table.value] })
])

export const accounts = pgTable('accounts', {
  id: uuid().primaryKey(),
  /** The integer id of contract `spa`. */
  number: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().unique(),
  email: text().notNull().unique(),
  /** When its owner proved that they read the address. */
  emailVerifiedAt: instant('email_verified_at'),
  username: text(),
  name: text(),
  passwordHash: text('password_hash').notNull(),
  subscriptionStatus: text('subscription_status'),
  subscriptionPlan: text('subscription_plan'),
  subscriptionExpiresAt: instant('subscription_expires_at'),
  /** What an account that was imported is called where it is from. */
  externalId: text('external_id'),
  /** Advanced by whatever ends all access; sessions of older epochs have ended, also one inserted late by a race. */
  epoch: integer().notNull().default(0),
  disabledAt: instant('disabled_at'),
  /** When it is deleted for good, which its owner asked for; until then they can think again. */
  deletesAt: instant('deletes_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow()
}, table => [
  uniqueIndex('accounts_username_unique').on(sql`lower(${table.username})`),
  index('accounts_to_delete').on(table.deletesAt).where(sql`deletes_at IS NOT NULL`),
  index('accounts_in_time').on(table.createdAt, table.id),
  // By the parameters of password hashes that were not made here: they are few, and fewer with every sign-in.
  index('accounts_foreign_hashes').on(sql.raw(hashParameters)).where(sql.raw(isForeignHash)),
  index('accounts_disabled').on(table.createdAt, table.id).where(sql`disabled_at IS NOT NULL`),
  // For the beginning of an address, whatever the database's collation is.
  index('accounts_by_email').on(table.email.op('text_pattern_ops'))
])

/** No index on a column that a refresh changes: refresh must stay a heap-only (HOT) update. */
export const sessions = pgTable('sessions', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull(),
  contract: text().notNull().$type<SessionContract>(),
  /** The client that trades its refresh tokens, once one has; from then on no other can. */
  clientId: text('client_id'),
  epoch: integer().notNull(),
  /** The account's, for the access tokens of a refresh, which reads no other row; `null` until the first one. */
  email: text(),
  generation: integer().notNull().default(0),
  currentHash: bytea('current_hash'),
  previousHash: bytea('previous_hash'),
  /** Of the last rotation; with the previous secret and the server's key it gives the current secret again. */
  nonce: bytea(),
  rotatedAt: instant('rotated_at').notNull().defaultNow(),
  /** The rotations before the last one; core/refresh/recent-rotations.ts has their form. */
  earlierGeneration: integer('earlier_generation'),
  earlierRotations: bytea('earlier_rotations'),
  earlierRotatedAt: instant('earlier_rotated_at').array(),
  confirmedGeneration: integer('confirmed_generation').notNull().default(0),
  lateGeneration: integer('late_generation').notNull().default(0),
  lateStreak: integer('late_streak').notNull().default(0),
  address: text(),
  /** The address, or its /64 in IPv6: distinguishes the owner's networks from others. */
  network: text(),
  userAgent: text('user_agent'),
  /** As its client named it. */
  deviceName: text('device_name'),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason').$type<EndReason>()
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  foreignKey({ columns: [table.accountId], foreignColumns: [accounts.id] }).onDelete('cascade')
])

/** In order of creation; by the index on the id alone, another account's task is distinguished from a missing one. */
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
  algorithm: text().notNull().$type<StoredAlgorithm>(),
  number: integer().notNull(),
  kid: text().notNull().unique(),
  sealedPrivateKey: bytea('sealed_private_key').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** Published earlier, so that partners and other instances have it by then. */
  signsFrom: instant('signs_from').notNull().defaultNow()
}, table => [
  primaryKey({ columns: [table.algorithm, table.number] })
])

/** Failed sign-ins under a keyed hash, and attempts in flight. */
export const loginThrottle = pgTable('login_throttle', {
  key: text().primaryKey(),
  /** Failures and attempts in flight together at most. */
  most: integer().notNull(),
  failures: integer().notNull().default(0),
  /** When the failures cease to count. */
  endsAt: instant('ends_at').notNull().default(sql`'-infinity'`),
  /** The start of each attempt in flight; the newest is the last. */
  guesses: instant('guesses').array().notNull()
}, table => [
  index('login_throttle_in_time').on(table.endsAt)
])

/** Kept when the account is deleted: the record stays, without personal data. */
export const auditEvents = pgTable('audit_events', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull().default(sql`gen_random_uuid()`),
  event: text().notNull().$type<AuditEvent>(),
  sessionId: uuid('session_id'),
  /** As it was; after a month, or once the account is deleted, its /24 or /48 only. */
  address: text(),
  /** Who did it: `user`, `operator`, `admin_token`, `policy` or `client:` and an id; `null` in rows of version 0.1. */
  actor: text(),
  /** The id of what was changed, where that is a client or a key. */
  subject: text(),
  requestId: text('request_id'),
  /** Why an operator did it, and what was changed from what to what; never a secret. */
  details: jsonb().$type<AuditDetails>(),
  at: instant('at').notNull().default(sql`clock_timestamp()`)
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  index('audit_events_in_time').on(table.at, table.id),
  index('noticed_events').on(table.at).where(sql.raw(isCacheInvalidatingEvent))
])
/* c8 ignore stop */
