import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { AuditEvent } from './audit-events.js'
import { bytea } from './bytea.js'

/* Only drizzle-kit calls the functions in here, when it makes a migration, so coverage does not count them. */

/* c8 ignore start */
const instant = (name: string) => timestamp(name, { withTimezone: true })

/** Requests of operators that were sent with an Idempotency-Key, and what they were answered with, for a day. */
export const idempotentRequests = pgTable('idempotent_requests', {
  actor: text().notNull(),
  keyHash: bytea('key_hash').notNull(),
  /** Of method, path and body: a key is for one request. */
  requestHash: bytea('request_hash').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  /** `null` while it is being answered. */
  status: integer(),
  /** Its headers and body, encrypted: a new client's secret can be in it. */
  sealedReply: bytea('sealed_reply')
}, table => [
  primaryKey({ columns: [table.actor, table.keyHash] }),
  index('idempotent_requests_in_time').on(table.startedAt)
])

/** Imports of accounts, and how far each has come. */
export const imports = pgTable('imports', {
  id: uuid().primaryKey(),
  actor: text().notNull(),
  /** What the operator called it: the name of the file. */
  source: text().notNull(),
  format: text().notNull(),
  /** Of the file, so that it goes on with the same one. */
  fingerprint: bytea().notNull(),
  /** How many lines are done: imported, there already, or rejected. */
  lines: integer().notNull().default(0),
  imported: integer().notNull().default(0),
  existing: integer().notNull().default(0),
  rejected: integer().notNull().default(0),
  startedAt: instant('started_at').notNull().defaultNow(),
  /** When lines were last done. */
  progressedAt: instant('progressed_at').notNull().defaultNow(),
  finishedAt: instant('finished_at')
})

/** Lines that were not imported, and why; nothing of what was in them. */
export const importProblems = pgTable('import_problems', {
  importId: uuid('import_id').notNull().references(() => imports.id, { onDelete: 'cascade' }),
  line: integer().notNull(),
  problem: text().notNull()
}, table => [
  primaryKey({ columns: [table.importId, table.line] })
])

/** Where events are sent. */
export const webhooks = pgTable('webhooks', {
  id: uuid().primaryKey(),
  url: text().notNull(),
  description: text(),
  /** The kinds of records that are sent; `null` for all. */
  eventTypes: text('event_types').array().$type<AuditEvent[]>(),
  /** Encrypted: it must be read to sign. */
  sealedSecret: bytea('sealed_secret').notNull(),
  /** The secret before, which signs too until a time. */
  sealedFormerSecret: bytea('sealed_former_secret'),
  formerSecretEndsAt: instant('former_secret_ends_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** Of records before this, deliveries have been made. */
  readUntil: instant('read_until').notNull().defaultNow(),
  /** Since when nothing could be delivered. */
  failingSince: instant('failing_since'),
  /** Since when nothing is sent any more. */
  disabledAt: instant('disabled_at')
})

/** Events on their way to a receiver, and for a month those that are delivered or given up. */
export const webhookDeliveries = pgTable('webhook_deliveries', {
  webhookId: uuid('webhook_id').notNull().references(() => webhooks.id, { onDelete: 'cascade' }),
  /** Of the audit record; the receiver sees it at every attempt. */
  eventId: uuid('event_id').notNull(),
  type: text().notNull(),
  /** What is sent. */
  body: text().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** When to send it; in the future while a process is at it. */
  dueAt: instant('due_at').notNull().defaultNow(),
  attempts: integer().notNull().default(0),
  /** Of the last reply. */
  lastStatus: integer('last_status'),
  /** Why there was none. */
  lastError: text('last_error'),
  deliveredAt: instant('delivered_at'),
  failedAt: instant('failed_at')
}, table => [
  primaryKey({ columns: [table.webhookId, table.eventId] }),
  index('webhook_deliveries_due').on(table.webhookId, table.dueAt)
    .where(sql`delivered_at IS NULL AND failed_at IS NULL`),
  index('webhook_deliveries_in_time').on(table.createdAt)
])
/* c8 ignore stop */
