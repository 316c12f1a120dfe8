import pLimit from 'p-limit'
import type { Database } from '../../db/database.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { createPeriodic } from '../lib/periodic.js'
import type { Outgoing } from './outgoing.js'
import { secretsOf, signedHeaders } from './secrets.js'
import { changeWebhook } from './webhook-statements.js'
import type { StoredDelivery, StoredWebhook, WebhookSender } from './webhook.js'

export interface WebhookDeliveryNeeds {
  db: Pick<Database, 'sql'>
  outgoing: Outgoing
  keyring: Keyring
  sender: WebhookSender
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

const intervalMs = 2_000

/** Requests to one receiver at the same time. */
const concurrency = 8

/** Deliveries read at once. */
const pageSize = 100

/** Seconds from a failed attempt to the next, from the first on; after the last one it is given up. */
export const retryDelays = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

/** How much longer a delay may be, so that what failed together does not come back together. */
const jitter = 0.1

/** Seconds of nothing but failures after which nothing is sent any more. */
const givesUpAfter = 5 * 86_400

/** A receiver says that it is gone for good (RFC 9110 15.5.11). */
const gone = 410

const bySystem: ClientInfo = { address: null, userAgent: null, actor: 'policy' }

/** Sends what is due to each receiver: at least once, each with the same id. One that hangs holds up no other. */
export function createWebhookDelivery (needs: WebhookDeliveryNeeds) {
  const { db: { sql }, outgoing, keyring, sender, now, onError } = needs
  const counts = { delivered: 0, failed: 0, queued: 0, oldestSeconds: 0 }
  const busy = new Map<string, Promise<void>>()

  async function disable ({ id, url }: StoredWebhook, why: string): Promise<void> {
    await changeWebhook(sql, sql`
      UPDATE webhooks AS webhook SET disabled_at = now() WHERE webhook.id = ${id} AND webhook.disabled_at IS NULL
      RETURNING webhook.id`, 'webhook_disabled', bySystem, { after: { why } })
    onError(new Error(`webhook ${id} to ${new URL(url).host} is disabled: ${why}`))
  }

  /** The status of the reply, or what went wrong. */
  async function request (webhook: StoredWebhook, { eventId, body }: StoredDelivery): Promise<number | string> {
    const secrets = secretsOf(keyring, webhook, now())
    if (secrets.length === 0) return 'no known KEYTURN_SECRET encrypted its secret'
    const headers = { ...signedHeaders(secrets, eventId, body, new Date(now())), 'content-type': 'application/json' }
    try {
      return await sender.send({ url: webhook.url, headers, body })
    } catch (error) {
      return String(error)
    }
  }

  async function deliver (webhook: StoredWebhook, delivery: StoredDelivery): Promise<void> {
    if (!await outgoing.claim(delivery)) return
    const outcome = await request(webhook, delivery)
    if (typeof outcome === 'number' && outcome >= 200 && outcome < 300) {
      await outgoing.markDelivered(delivery, outcome)
      await outgoing.noteSuccess(webhook.id)
      counts.delivered += 1
      return
    }
    const delay = retryDelays[delivery.attempts]
    const fault = typeof outcome === 'number'
      ? { lastStatus: outcome, lastError: null }
      : { lastStatus: null, lastError: outcome }
    await outgoing.markFailed(delivery, fault, delay === undefined ? null : delay * (1 + Math.random() * jitter))
    counts.failed += 1
    const failingSince = await outgoing.noteFailure(webhook.id)
    if (outcome === gone) await disable(webhook, 'it says that it is gone')
    else if (failingSince !== null && now() - failingSince.getTime() > givesUpAfter * 1000) {
      await disable(webhook, 'nothing could be delivered for five days')
    }
  }

  /** Sends all that is due to one receiver. */
  async function serve (webhook: StoredWebhook): Promise<void> {
    await outgoing.collect(webhook)
    const inTurn = pLimit(concurrency)
    let due: StoredDelivery[]
    do {
      due = await outgoing.due(webhook.id, pageSize)
      await Promise.all(due.map(delivery => inTurn(() => deliver(webhook, delivery).catch(onError))))
    } while (due.length === pageSize)
  }

  /** Begins with each receiver that is not being served; waits for none of them. */
  async function round (): Promise<void> {
    for (const webhook of await outgoing.enabled()) {
      if (busy.has(webhook.id)) continue
      const served = serve(webhook).catch(onError).finally(() => busy.delete(webhook.id))
      busy.set(webhook.id, served)
    }
    Object.assign(counts, await outgoing.backlog())
  }

  const { start, wake, stop } = createPeriodic(round, { intervalMs, onError })

  return {
    start,
    wake,

    /** Waits for the requests under way. */
    async stop (): Promise<void> {
      await stop()
      await Promise.all(busy.values())
    },

    metrics: () => ({
      webhooksDelivered: counts.delivered,
      webhooksFailed: counts.failed,
      webhooksQueued: counts.queued,
      oldestWebhookSeconds: counts.oldestSeconds
    })
  }
}
