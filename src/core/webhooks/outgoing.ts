import { randomUUID } from 'node:crypto'
import { auditEventKinds, type AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import { webhookDeliveries, webhooks } from '../../db/operator-schema.js'
import { and, eq, expression, gt, inArray, isNotNull, isNull, lt, lte, notInArray } from '../../db/query.js'
import { auditEvents } from '../../db/schema.js'
import { noAccount } from '../audit/audit.js'
import type { StoredDelivery, StoredWebhook } from './webhook.js'

/** Records read at once. */
const pageSize = 500

/** Seconds within which a statement that wrote a record is committed: records of so long ago are looked at again. */
const overlapSeconds = 60

/** Seconds for which a process has a delivery to itself; longer than an attempt takes. */
const claimSeconds = 60

/** Seconds for which it is known what became of a delivery. */
const keptSeconds = 30 * 86_400

const secondsAgo = (seconds: number) => expression`now() - make_interval(secs => ${seconds})`

/** Frequent, and of no account's fate: sent only to who asks for them. */
const onRequestOnly: AuditEvent[] = ['refresh_retried_late', 'refresh_fast_forwarded']

/** Why a delivery failed. */
export type DeliveryFault = Pick<StoredDelivery, 'lastStatus' | 'lastError'>

/** The deliveries: made of audit records, each once for each receiver, and claimed by one process at a time. */
export function createOutgoing ({ query }: Pick<Database, 'query'>) {
  const isPending = and(isNull(webhookDeliveries.deliveredAt), isNull(webhookDeliveries.failedAt))
  const isThis = ({ webhookId, eventId }: Pick<StoredDelivery, 'webhookId' | 'eventId'>) =>
    and(eq(webhookDeliveries.webhookId, webhookId), eq(webhookDeliveries.eventId, eventId))
  const update = (delivery: StoredDelivery, set: Partial<Record<keyof StoredDelivery, unknown>>) =>
    query.update(webhookDeliveries).set(set as never).where(isThis(delivery))

  async function collectPage ({ id, eventTypes, readUntil, createdAt }: StoredWebhook): Promise<Date | null> {
    const isWanted = eventTypes === null
      ? notInArray(auditEvents.event, onRequestOnly)
      : inArray(auditEvents.event, eventTypes)
    const isNew = expression`NOT EXISTS (SELECT FROM webhook_deliveries AS delivery
      WHERE delivery.webhook_id = ${id} AND delivery.event_id = ${auditEvents.id})`
    const from = new Date(Math.max(readUntil.getTime() - overlapSeconds * 1000, createdAt.getTime()))
    const records = await query.select().from(auditEvents)
      .where(and(gt(auditEvents.at, from), isWanted, isNew)).orderBy(auditEvents.at, auditEvents.id).limit(pageSize)
    if (records.length > 0) {
      await query.insert(webhookDeliveries).values(records.map(record => ({
        webhookId: id, eventId: record.id, type: record.event, body: bodyOf(record)
      }))).onConflictDoNothing()
    }
    const last = records.at(-1)?.at ?? null
    if (last !== null && last > readUntil) {
      await query.update(webhooks).set({ readUntil: last })
        .where(and(eq(webhooks.id, id), lt(webhooks.readUntil, last)))
    }
    return records.length === pageSize ? last : null
  }

  return {
    /** The receivers that are sent to. */
    enabled: (): Promise<StoredWebhook[]> => query.select().from(webhooks).where(isNull(webhooks.disabledAt)),

    /** Makes deliveries of the records that are new to a receiver. */
    async collect (webhook: StoredWebhook): Promise<void> {
      for (let readUntil: Date | null = webhook.readUntil; readUntil !== null;) {
        readUntil = await collectPage({ ...webhook, readUntil })
      }
    },

    due: (id: string, limit: number): Promise<StoredDelivery[]> => {
      const { webhookId, dueAt } = webhookDeliveries
      return query.select().from(webhookDeliveries)
        .where(and(eq(webhookId, id), isPending, lte(dueAt, expression`now()`))).orderBy(dueAt).limit(limit)
    },

    /** Takes a due delivery; `false` if another process was quicker. */
    async claim (delivery: StoredDelivery): Promise<boolean> {
      const claimed = await query.update(webhookDeliveries)
        .set({ attempts: delivery.attempts + 1, dueAt: expression`now() + make_interval(secs => ${claimSeconds})` })
        .where(and(isThis(delivery), isPending, eq(webhookDeliveries.attempts, delivery.attempts)))
        .returning({ id: webhookDeliveries.eventId })
      return claimed.length > 0
    },

    markDelivered: (delivery: StoredDelivery, lastStatus: number) =>
      update(delivery, { deliveredAt: expression`now()`, lastStatus, lastError: null }),

    /** @param retryAfter seconds to the next attempt; `null` when there is none */
    markFailed: (delivery: StoredDelivery, fault: DeliveryFault, retryAfter: number | null) =>
      update(delivery, {
        ...fault,
        ...retryAfter === null
          ? { failedAt: expression`now()` }
          : { dueAt: expression`now() + make_interval(secs => ${retryAfter}::float8)` }
      }),

    /** Notes that a receiver takes what it is sent. */
    async noteSuccess (id: string): Promise<void> {
      await query.update(webhooks).set({ failingSince: null })
        .where(and(eq(webhooks.id, id), isNotNull(webhooks.failingSince)))
    },

    /** Notes that it does not; returns since when. */
    async noteFailure (id: string): Promise<Date | null> {
      const [{ failingSince } = { failingSince: null }] = await query.update(webhooks)
        .set({ failingSince: expression`coalesce(failing_since, now())` })
        .where(eq(webhooks.id, id)).returning({ failingSince: webhooks.failingSince })
      return failingSince
    },

    /** The latest deliveries to a receiver. */
    list: (webhookId: string, limit: number): Promise<StoredDelivery[]> =>
      query.select().from(webhookDeliveries).where(eq(webhookDeliveries.webhookId, webhookId))
        .orderBy(expression`created_at DESC, event_id DESC`).limit(limit),

    /** Sends one again; `false` if there is none. */
    async replay (webhookId: string, eventId: string): Promise<boolean> {
      const rows = await query.update(webhookDeliveries)
        .set({ deliveredAt: null, failedAt: null, attempts: 0, dueAt: expression`now()` })
        .where(isThis({ webhookId, eventId })).returning({ id: webhookDeliveries.eventId })
      return rows.length > 0
    },

    /** Stores an event that tells of nothing, to try a receiver. */
    async addTest (webhookId: string): Promise<string> {
      const eventId = randomUUID()
      const body = JSON.stringify({ type: 'test', timestamp: new Date().toISOString(), data: { id: eventId } })
      await query.insert(webhookDeliveries).values({ webhookId, eventId, type: 'test', body })
      return eventId
    },

    /** What waits to be delivered. */
    async backlog (): Promise<{ queued: number, oldestSeconds: number }> {
      const waited = expression`extract(epoch FROM now() - min(${webhookDeliveries.createdAt}))`
      const [counted] = await query.select({
        queued: expression<number>`count(*)::int`, oldestSeconds: expression<number>`coalesce(${waited}, 0)::float8`
      }).from(webhookDeliveries).where(isPending) as [{ queued: number, oldestSeconds: number }]
      return counted
    },

    async deleteOld (this: void): Promise<void> {
      await query.delete(webhookDeliveries).where(lt(webhookDeliveries.createdAt, secondsAgo(keptSeconds)))
    }
  }
}

export type Outgoing = ReturnType<typeof createOutgoing>

/** The kinds of records that a receiver can ask for. */
export const webhookEventTypes = Object.keys(auditEventKinds) as AuditEvent[]

/** What is sent of a record: what has happened to whom, and nothing that names a person. */
function bodyOf ({ id, at, event, accountId, sessionId, subject, actor }: typeof auditEvents.$inferSelect): string {
  return JSON.stringify({
    type: event,
    timestamp: at.toISOString(),
    data: { id, accountId: accountId === noAccount ? null : accountId, sessionId, subject, actor }
  })
}
