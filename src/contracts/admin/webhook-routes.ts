import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodyFailures } from '../../http/failure-schemas.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import { Done, failures } from './schemas.js'
import { toDeliveryView, toWebhookView } from './views.js'
import {
  DeliveryList, DeliveryPath, NewWebhook, OneWebhook, WebhookChange, WebhookCreated, WebhookList, WebhookPath,
  WebhookSecret, WebhookTest
} from './webhook-schemas.js'

const named = ['invalid_body', 'not_found'] as const
const shownDeliveries = 100

/** Where events are sent. */
export const webhookRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core: { webhooks }, guard }) => {
  const { requires, by } = guard

  app.post('/admin/webhooks', {
    schema: {
      ...forScope('admin:webhooks'),
      operationId: 'adminCreateWebhook',
      summary: 'Add a webhook',
      description: 'Sends what happens from now on to an address, signed with a secret that is shown this once.',
      headers: IdempotencyKey,
      body: NewWebhook,
      response: {
        201: WebhookCreated,
        ...failures(...operatorFailures, ...bodyFailures, ...idempotencyFailures, 'webhook_refused')
      }
    },
    onRequest: requires('admin:webhooks')
  }, async (request, reply) => {
    const { url, description = null, eventTypes = null, reason } = request.body
    const { webhook, secret } = await webhooks.add({ url, description, eventTypes }, by(request, reason))
    reply.code(201).header('location', `/admin/webhooks/${webhook.id}`)
    return { success: true as const, data: { webhook: toWebhookView(webhook), secret } }
  })

  app.patch('/admin/webhooks/:id', {
    schema: {
      ...forScope('admin:webhooks'),
      operationId: 'adminUpdateWebhook',
      summary: 'Change a webhook',
      description: 'Changes what is given. One that was disabled, because nothing could be delivered for five days, ' +
        'is enabled here.',
      params: WebhookPath,
      body: WebhookChange,
      response: { 200: OneWebhook, ...failures(...operatorFailures, ...bodyFailures, 'not_found', 'webhook_refused') }
    },
    onRequest: requires('admin:webhooks')
  }, async request => {
    const { enabled, reason, ...change } = request.body
    const webhook = await webhooks.change(request.params.id, { ...change, isEnabled: enabled }, by(request, reason))
    return { success: true as const, data: { webhook: toWebhookView(webhook) } }
  })

  await app.register(async (scope: typeof app) => {
    ignoreBodies(scope)

    scope.get('/admin/webhooks', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminWebhooks',
        summary: 'List the webhooks',
        description: 'Returns all webhooks, without their secrets.',
        response: { 200: WebhookList, ...failures(...operatorFailures) }
      },
      onRequest: requires('admin:read')
    }, async () => {
      const all = await webhooks.list()
      return { success: true as const, data: { items: all.map(toWebhookView), next: null } }
    })

    scope.get('/admin/webhooks/:id', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminWebhook',
        summary: 'A webhook',
        description: 'Returns a webhook, without its secret.',
        params: WebhookPath,
        response: { 200: OneWebhook, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:read')
    }, async request =>
      ({ success: true as const, data: { webhook: toWebhookView(await webhooks.find(request.params.id)) } }))

    scope.delete('/admin/webhooks/:id', {
      schema: {
        ...forScope('admin:webhooks'),
        operationId: 'adminDeleteWebhook',
        summary: 'Remove a webhook',
        description: 'Removes it with what was on its way.',
        params: WebhookPath,
        response: { 200: Done, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:webhooks')
    }, async request => {
      await webhooks.remove(request.params.id, by(request))
      return { success: true as const, data: { done: true as const } }
    })

    scope.get('/admin/webhooks/:id/deliveries', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminDeliveries',
        summary: 'What was sent to a webhook',
        description: 'Returns the latest hundred deliveries of the last month.',
        params: WebhookPath,
        response: { 200: DeliveryList, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:read')
    }, async request => {
      const items = (await webhooks.deliveries(request.params.id, shownDeliveries)).map(toDeliveryView)
      return { success: true as const, data: { items, next: null } }
    })

    scope.post('/admin/webhooks/:id/test', {
      schema: {
        ...forScope('admin:webhooks'),
        operationId: 'adminTestWebhook',
        summary: 'Send a test event',
        description: 'Sends an event of the type `test`; `GET …/deliveries` shows what became of it.',
        params: WebhookPath,
        headers: IdempotencyKey,
        response: { 200: WebhookTest, ...failures(...operatorFailures, ...idempotencyFailures, ...named) }
      },
      onRequest: requires('admin:webhooks')
    }, async request =>
      ({ success: true as const, data: { eventId: await webhooks.sendTest(request.params.id) } }))

    scope.post('/admin/webhooks/:id/rotate-secret', {
      schema: {
        ...forScope('admin:webhooks'),
        operationId: 'adminRotateWebhookSecret',
        summary: 'Give a webhook a new secret',
        description: 'Returns a new secret, this once. For a day requests are signed with the one before too.',
        params: WebhookPath,
        headers: IdempotencyKey,
        response: { 200: WebhookSecret, ...failures(...operatorFailures, ...idempotencyFailures, ...named) }
      },
      onRequest: requires('admin:webhooks')
    }, async request => {
      const { webhook, secret } = await webhooks.rotateSecret(request.params.id, by(request))
      return { success: true as const, data: { webhook: toWebhookView(webhook), secret } }
    })

    scope.post('/admin/webhooks/:id/deliveries/:did/replay', {
      schema: {
        ...forScope('admin:webhooks'),
        operationId: 'adminReplayDelivery',
        summary: 'Send an event again',
        description: 'Sends a delivery again, whatever became of it, with the same id.',
        params: DeliveryPath,
        headers: IdempotencyKey,
        response: { 200: Done, ...failures(...operatorFailures, ...idempotencyFailures, ...named) }
      },
      onRequest: requires('admin:webhooks')
    }, async request => {
      await webhooks.replay(request.params.id, request.params.did)
      return { success: true as const, data: { done: true as const } }
    })
  })
}
