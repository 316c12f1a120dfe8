import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from './bytea.js'
import type { ChallengePurpose, MailKind } from './stored-values.js'

/* Only drizzle-kit calls the functions in here, when it makes a migration, so coverage does not count them. */

/* c8 ignore start */
const instant = (name: string) => timestamp(name, { withTimezone: true })

/**
 * Proofs that a person reads an address: a code to type and a link to open, of which hashes are stored. One for an
 * address without an account has the id of none, so that it is stored and counted as every other is.
 */
export const challenges = pgTable('challenges', {
  accountId: uuid('account_id').notNull(),
  id: uuid().notNull(),
  purpose: text().notNull().$type<ChallengePurpose>(),
  /** The address that it was sent to. */
  email: text().notNull(),
  /** The account's; the end of all access ends the challenges that were made before it. */
  epoch: integer().notNull(),
  codeHash: bytea('code_hash'),
  codeExpiresAt: instant('code_expires_at').notNull(),
  triesLeft: integer('tries_left').notNull(),
  linkHash: bytea('link_hash').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at')
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  index('challenges_in_time').on(table.expiresAt)
])

/** The outbox: mails to be sent, those given up, and for a week those sent. */
export const mails = pgTable('mails', {
  accountId: uuid('account_id').notNull(),
  /** Its Message-ID too. */
  id: uuid().notNull(),
  kind: text().notNull().$type<MailKind>(),
  /** `null` where no account has the address: stored all the same, so that its reply takes as long, and never sent. */
  recipient: text(),
  /** What the template is filled with, encrypted; erased once the mail is sent or given up. */
  sealedValues: bytea('sealed_values'),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** When to try it; in the future while a process is at it. */
  dueAt: instant('due_at').notNull().defaultNow(),
  attempts: integer().notNull().default(0),
  /** What the last attempt failed with. */
  lastError: text('last_error'),
  sentAt: instant('sent_at'),
  failedAt: instant('failed_at')
}, table => [
  primaryKey({ columns: [table.accountId, table.id] }),
  index('mails_due').on(table.dueAt).where(sql`sent_at IS NULL AND failed_at IS NULL`),
  index('mails_in_time').on(table.createdAt)
])

/** How many mails were asked for, under a keyed hash of an address or a network, until a time. */
export const mailCounts = pgTable('mail_counts', {
  key: text().primaryKey(),
  mails: integer().notNull(),
  endsAt: instant('ends_at').notNull()
}, table => [
  index('mail_counts_in_time').on(table.endsAt)
])
/* c8 ignore stop */
