import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { mails } from '../../db/mail-schema.js'
import type { Fragment, Pool } from '../../db/pool.js'
import { and, eq, expression, isNotNull, isNull, lt, lte } from '../../db/query.js'
import type { Keyring } from '../keys/keyring.js'
import { seal, unseal } from '../keys/sealing.js'
import type { MailContent, OutgoingMail } from './mail.js'

/** A mail about to be stored. */
export interface NewMail {
  content: MailContent
  /**
   * As SQL where only the statement knows it; `null` where no account has the address: stored and dropped, so that the
   * request takes as long as any other.
   */
  recipient: string | Fragment | null
}

type StoredMail = typeof mails.$inferSelect

/** Of a mail that is to be sent. */
export type DueMail = Pick<StoredMail, 'accountId' | 'id' | 'kind' | 'recipient' | 'sealedValues' | 'attempts'> & {
  /** Seconds since it was stored. */
  age: number
}

/** What waits to be sent. */
export interface Backlog {
  queued: number
  /** How long the oldest one has waited. */
  oldestSeconds: number
}

/** Seconds for which a process has a mail to itself; if it dies, another one takes over after that. */
const claimSeconds = 50

/** Seconds for which mails are kept, without what was in them. */
const keptSeconds = 7 * 86_400

const contextOf = (id: string) => `mail ${id}`
const inSeconds = (seconds: number) => expression`now() + make_interval(secs => ${seconds})`

/**
 * The body of a CTE that stores a mail for the account of each row of `source`, another CTE of the same statement: the
 * mail is there if and only if what it says has happened. What it is filled with is encrypted.
 */
export function insertMail (
  sql: Pool, keyring: Keyring, { content, recipient }: NewMail, source: string, isStored = true
): Fragment {
  const id = randomUUID()
  const sealed = seal(keyring, Buffer.from(JSON.stringify(content.values)), contextOf(id))
  return sql`
    INSERT INTO mails AS mail (account_id, id, kind, recipient, sealed_values)
    SELECT source.account_id, ${id}::uuid, ${content.kind}, ${recipient}::text, ${sealed}::bytea
    FROM ${sql.unsafe(source)} AS source WHERE ${isStored}::boolean`
}

/** What a mail is filled with, or `null` when no known secret encrypted it. */
export function valuesOf (keyring: Keyring, { id, sealedValues }: Pick<StoredMail, 'id' | 'sealedValues'>) {
  const text = sealedValues === null ? null : unseal(keyring, sealedValues, contextOf(id))
  return text === null ? null : JSON.parse(text.toString()) as OutgoingMail['values']
}

/** The stored mails. A row is claimed by a conditional UPDATE: of all processes that see it is due, one gets it. */
export function createOutbox ({ query }: Pick<Database, 'query'>) {
  const isWaiting = and(isNull(mails.sentAt), isNull(mails.failedAt))
  const isThis = ({ accountId, id }: Pick<StoredMail, 'accountId' | 'id'>) =>
    and(eq(mails.accountId, accountId), eq(mails.id, id))

  return {
    /** Those that wait for their time to come or have reached it, the first due first. */
    waiting: (limit: number): Promise<StoredMail[]> =>
      query.select().from(mails).where(and(isWaiting, isNotNull(mails.recipient))).orderBy(mails.dueAt).limit(limit),

    /** Those that were given up, the newest first. */
    failed: (limit: number): Promise<StoredMail[]> =>
      query.select().from(mails).where(isNotNull(mails.failedAt)).orderBy(expression`failed_at DESC`).limit(limit),

    due: (limit: number): Promise<DueMail[]> => {
      const { accountId, id, kind, recipient, sealedValues, attempts } = mails
      const age = expression<number>`extract(epoch FROM now() - ${mails.createdAt})::float8`
      return query.select({ accountId, id, kind, recipient, sealedValues, attempts, age }).from(mails)
        .where(and(isWaiting, lte(mails.dueAt, expression`now()`))).orderBy(mails.dueAt).limit(limit)
    },

    /** Takes a due mail; `false` if another process was quicker. */
    async claim (mail: DueMail): Promise<boolean> {
      const claimed = await query.update(mails).set({ attempts: mail.attempts + 1, dueAt: inSeconds(claimSeconds) })
        .where(and(isThis(mail), isWaiting, eq(mails.attempts, mail.attempts), lte(mails.dueAt, expression`now()`)))
        .returning({ id: mails.id })
      return claimed.length > 0
    },

    /** Gives a claimed mail back, to be tried after so many seconds as if it had not been claimed. */
    async postpone (mail: DueMail, seconds: number): Promise<void> {
      await query.update(mails).set({ attempts: mail.attempts, dueAt: inSeconds(seconds) }).where(isThis(mail))
    },

    async markSent (mail: DueMail): Promise<void> {
      await query.update(mails).set({ sentAt: expression`now()`, sealedValues: null, lastError: null })
        .where(isThis(mail))
    },

    async retryAfter (mail: DueMail, lastError: string, seconds: number): Promise<void> {
      await query.update(mails).set({ lastError, dueAt: inSeconds(seconds) }).where(isThis(mail))
    },

    async markFailed (mail: DueMail, lastError: string): Promise<void> {
      await query.update(mails).set({ lastError, failedAt: expression`now()`, sealedValues: null }).where(isThis(mail))
    },

    async drop (mail: DueMail): Promise<void> {
      await query.delete(mails).where(isThis(mail))
    },

    /** How many wait, and for how many seconds the oldest one has. */
    async backlog (): Promise<Backlog> {
      const [counted] = await query.select({
        queued: expression<number>`count(*)::int`,
        oldestSeconds: expression<number>`coalesce(extract(epoch FROM now() - min(${mails.createdAt})), 0)::float8`
      }).from(mails).where(and(isWaiting, isNotNull(mails.recipient))) as [Backlog]
      return counted
    },

    /** Deletes what was stored long ago. */
    async deleteOld (): Promise<void> {
      await query.delete(mails).where(lt(mails.createdAt, expression`now() - make_interval(secs => ${keptSeconds})`))
    }
  }
}

export type Outbox = ReturnType<typeof createOutbox>
