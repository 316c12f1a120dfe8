import { Type, type Static } from '@sinclair/typebox'
import { webhookEventTypes } from '../../core/webhooks/index.js'
import { textOf } from '../../http/failure-schemas.js'
import { dataOf, orNull, Timestamp, Uuid } from '../../http/schemas.js'
import { exact, listOf, Reason } from './schemas.js'

const EventType = textOf('WebhookEventType', 'A kind of audit record', webhookEventTypes)
const EventTypes = Type.Array(EventType, { uniqueItems: true, minItems: 1 })
const Url = Type.String({ format: 'uri', maxLength: 2_000, description: 'With https, on the public internet' })
const Description = Type.String({ format: 'line', minLength: 1, maxLength: 255 })

const webhookId = '3f1c2f7e-6f0f-4f5e-9b5d-1f0a2b3c4d5e'
const eventId = 'c1d6a0b2-7e54-4f0a-9a39-2f6f0c9d8e71'

export const WebhookPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the webhook', examples: [webhookId] })
})

export const DeliveryPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the webhook', examples: [webhookId] }),
  did: Type.String({ format: 'uuid', description: 'The id of the event', examples: [eventId] })
})

export const NewWebhook = Type.Object({
  url: Url,
  description: Type.Optional(Description),
  eventTypes: Type.Optional(orNull(EventTypes, 'null for all')),
  reason: Type.Optional(Reason)
}, {
  ...exact,
  title: 'NewWebhookRequest',
  examples: [{ url: 'https://hooks.example.com/keyturn', eventTypes: ['account_created', 'account_deleted'] }]
})

export const WebhookChange = Type.Object({
  url: Type.Optional(Url),
  description: Type.Optional(orNull(Description, 'null removes it')),
  eventTypes: Type.Optional(orNull(EventTypes, 'null for all')),
  enabled: Type.Optional(Type.Boolean({ description: 'What happened meanwhile is sent when it is enabled again' })),
  reason: Type.Optional(Reason)
}, { ...exact, title: 'WebhookChangeRequest', examples: [{ enabled: true }] })

export const WebhookView = Type.Object({
  id: Uuid,
  url: Type.String(),
  description: orNull(Type.String()),
  eventTypes: orNull(Type.Array(Type.String()), 'null for all'),
  enabled: Type.Boolean(),
  failingSince: orNull(Timestamp, 'Since when nothing could be delivered'),
  createdAt: Timestamp
}, { title: 'Webhook' })
export type WebhookView = Static<typeof WebhookView>

const shown: WebhookView = {
  id: webhookId,
  url: 'https://hooks.example.com/keyturn',
  description: null,
  eventTypes: ['account_created', 'account_deleted'],
  enabled: true,
  failingSince: null,
  createdAt: '2026-01-12T10:30:00Z'
}

export const WebhookList = listOf('WebhookListResponse', WebhookView, 'All webhooks, oldest first', shown)
export const OneWebhook = dataOf(
  'WebhookResponse', Type.Object({ webhook: WebhookView }), 'The webhook', { webhook: shown })

const WithSecret = Type.Object({
  webhook: WebhookView, secret: Type.String({ description: 'Shown once: what signatures are verified with' })
})
const withSecret = { webhook: shown, secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' }
export const WebhookCreated = dataOf('WebhookCreatedResponse', WithSecret, 'The webhook was made', withSecret)
export const WebhookSecret = dataOf('WebhookSecretResponse', WithSecret, 'The webhook has a new secret', withSecret)

export const WebhookTest = dataOf('WebhookTestResponse', Type.Object({
  eventId: { ...Uuid, description: 'Of the event that is sent, as in its header `webhook-id`' }
}), 'It is on its way', { eventId })

export const DeliveryView = Type.Object({
  id: { ...Uuid, description: 'Of the event, as in the header `webhook-id`' },
  type: Type.String(),
  createdAt: Timestamp,
  state: textOf('DeliveryState', 'What became of it', ['pending', 'delivered', 'failed']),
  attempts: Type.Integer(),
  nextAttemptAt: orNull(Timestamp),
  lastStatus: orNull(Type.Integer(), 'Of the last reply'),
  lastError: orNull(Type.String(), 'Why there was none')
}, { title: 'WebhookDelivery' })
export type DeliveryView = Static<typeof DeliveryView>

export const DeliveryList = listOf('DeliveryListResponse', DeliveryView, 'The latest hundred, the newest first', {
  id: eventId,
  type: 'account_created',
  createdAt: '2026-01-12T10:30:00Z',
  state: 'delivered',
  attempts: 1,
  nextAttemptAt: null,
  lastStatus: 204,
  lastError: null
})
