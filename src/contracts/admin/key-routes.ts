import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '@sinclair/typebox'
import { bodyFailures, textOf } from '../../http/failure-schemas.js'
import { allowNoBody } from '../../http/optional-body.js'
import { Timestamp } from '../../http/schemas.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import { exact, failures, listOf, Reason } from './schemas.js'

const KeyView = Type.Object({
  kid: Type.String(),
  algorithm: Type.String(),
  number: Type.Integer({ description: 'In the order in which they were made' }),
  createdAt: Timestamp,
  signsFrom: Timestamp,
  state: textOf('KeyState', 'What it does now', ['signs', 'next', 'checks only'])
}, { title: 'SigningKey' })

const KeyList = listOf('KeyListResponse', KeyView, 'The keys, oldest first', {
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  algorithm: 'ES256',
  number: 1,
  createdAt: '2026-01-12T10:30:00Z',
  signsFrom: '2026-01-12T10:30:00Z',
  state: 'signs'
})

const Rotation = Type.Object({
  now: Type.Optional(Type.Boolean({ description: 'It signs in half a minute, as soon as every instance has read it' })),
  reason: Type.Optional(Reason)
}, { ...exact, title: 'RotationRequest', examples: [{ now: false }] })

/** The keys that access tokens are signed with. */
export const keyRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core: { keys }, guard }) => {
  const { requires, by } = guard

  const list = () => {
    const items = keys.list().map(({ createdAt, signsFrom, ...key }) =>
      ({ ...key, createdAt: toWholeSeconds(createdAt), signsFrom: toWholeSeconds(signsFrom) })) as
      Array<Static<typeof KeyView>>
    return { success: true as const, data: { items, next: null } }
  }

  app.get('/admin/keys', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminKeys',
      summary: 'List the signing keys',
      description: 'Returns the keys and what each does; nothing of their private halves.',
      response: { 200: KeyList, ...failures(...operatorFailures) }
    },
    onRequest: requires('admin:read')
  }, async () => list())

  app.post('/admin/keys/rotate', {
    schema: {
      ...forScope('admin:keys'),
      operationId: 'adminRotateKeys',
      summary: 'Announce the next signing key',
      description: 'Makes the next key, which signs an hour later, or with `now` in half a minute.',
      headers: IdempotencyKey,
      body: Rotation,
      optionalBody: Rotation,
      response: { 200: KeyList, ...failures(...operatorFailures, ...bodyFailures, ...idempotencyFailures) }
    },
    onRequest: requires('admin:keys'),
    preValidation: allowNoBody
  }, async request => {
    const { now: atOnce = false, reason } = request.body
    await keys.rotate({ atOnce }, by(request, reason))
    return list()
  })
}
