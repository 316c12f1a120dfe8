import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
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
/* c8 ignore stop */
