import type { Database } from '../../db/database.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { createWebhookDelivery } from './delivery.js'
import { createOutgoing } from './outgoing.js'
import type { Delivery, WebhookSender } from './webhook.js'
import { createWebhookStore } from './webhooks.js'

export type { Delivery, Webhook, WebhookRequest, WebhookSender } from './webhook.js'
export { webhookEventTypes } from './outgoing.js'

export interface WebhooksNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  sender: WebhookSender
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type Webhooks = ReturnType<typeof createWebhooks>

/** Tells other programs what happened: each audit record is sent to every receiver that asks for its kind. */
export function createWebhooks ({ db, keyring, sender, now, onError }: WebhooksNeeds) {
  const { requireWebhook, ...store } = createWebhookStore({ db, keyring, sender })
  const outgoing = createOutgoing(db)
  const { metrics, ...delivery } = createWebhookDelivery({ db, outgoing, keyring, sender, now, onError })

  return {
    ...store,
    delivery,
    metrics,

    /** The latest deliveries to a receiver, the newest first. @throws AuthError `not_found` */
    async deliveries (id: string, limit: number): Promise<Delivery[]> {
      await requireWebhook(id)
      return (await outgoing.list(id, limit)).map(({ webhookId: _webhookId, body: _body, ...rest }) => rest)
    },

    /** Sends an event of the type `test`; returns its id. @throws AuthError `not_found` */
    async sendTest (id: string): Promise<string> {
      await requireWebhook(id)
      const eventId = await outgoing.addTest(id)
      delivery.wake()
      return eventId
    },

    /** Sends a delivery again, whatever became of it. @throws AuthError `not_found` */
    async replay (id: string, eventId: string): Promise<void> {
      if (!await outgoing.replay(id, eventId)) {
        throw new AuthError('not_found', { message: 'the webhook has no such delivery' })
      }
      delivery.wake()
    },

    cleanUp: outgoing.deleteOld
  }
}
