import type { AuditEvent } from '../../db/audit-events.js'
import type { webhookDeliveries, webhooks } from '../../db/operator-schema.js'

export type StoredWebhook = typeof webhooks.$inferSelect
export type StoredDelivery = typeof webhookDeliveries.$inferSelect

/** Where events are sent, without the secret that they are signed with. */
export interface Webhook {
  id: string
  url: string
  description: string | null
  /** The kinds of audit records that are sent; `null` for all. */
  eventTypes: AuditEvent[] | null
  createdAt: Date
  /** Since when nothing could be delivered. */
  failingSince: Date | null
  /** Since when nothing is sent any more. */
  disabledAt: Date | null
}

/** One event on its way to one receiver. */
export type Delivery = Omit<StoredDelivery, 'webhookId' | 'body'>

export function toWebhook (row: StoredWebhook): Webhook {
  const { id, url, description, eventTypes, createdAt, failingSince, disabledAt } = row
  return { id, url, description, eventTypes, createdAt, failingSince, disabledAt }
}

/** A request to a receiver. */
export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
}

/** Sends requests to receivers; `src/webhooks/` implements it. */
export interface WebhookSender {
  /** @throws Error which says what is wrong with an address that is never sent to */
  check (url: string): void
  /** @returns the status of the reply. @throws Error when there is none */
  send (request: WebhookRequest): Promise<number>
}
