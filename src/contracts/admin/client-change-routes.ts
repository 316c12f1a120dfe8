import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { secretOverlap } from '../../core/partners/client-changes.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { allowNoBody } from '../../http/optional-body.js'
import { ClientChange, ClientPath, ClientSecret, OneClient, SecretRotation } from './client-schemas.js'
import { toStoredKeys } from './client-keys.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import { failures } from './schemas.js'
import { toClientView } from './views.js'

/** Changes partner services and their secrets. */
export const clientChangeRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard }) => {
  const { requires, by } = guard
  const { clients } = core.partners

  app.patch('/admin/clients/:id', {
    schema: {
      ...forScope('admin:clients'),
      operationId: 'adminUpdateClient',
      summary: 'Change a client',
      description: 'Changes what is given, all of it or nothing. A list replaces the one that is there. A scope that ' +
        'is taken away allows nothing here from then on, also in tokens that the client has.',
      params: ClientPath,
      body: ClientChange,
      response: {
        200: OneClient,
        ...failures(...operatorFailures, ...bodyFailures, 'not_found', 'invalid_target', 'auth_method_differs')
      }
    },
    onRequest: requires('admin:clients')
  }, async request => {
    const { jwks, reason, ...change } = request.body
    const client = await clients.change(
      request.params.id, { ...change, publicKeys: toStoredKeys(jwks) }, by(request, reason))
    return { success: true as const, data: { client: toClientView(client) } }
  })

  app.post('/admin/clients/:id/rotate-secret', {
    schema: {
      ...forScope('admin:clients'),
      operationId: 'adminRotateClientSecret',
      summary: 'Give a client a new secret',
      description: 'Returns a new secret, this once. The one before goes on for `overlap` seconds, so that the ' +
        'servers of the partner can take the new one over one by one; one from before that ends at once. For a ' +
        'client that signs, change `jwks` instead.',
      params: ClientPath,
      headers: IdempotencyKey,
      body: SecretRotation,
      optionalBody: SecretRotation,
      response: {
        200: ClientSecret,
        ...failures(...operatorFailures, ...bodyFailures, ...idempotencyFailures, 'not_found', 'auth_method_differs')
      }
    },
    onRequest: requires('admin:clients'),
    preValidation: allowNoBody
  }, async request => {
    const { overlap = secretOverlap, reason } = request.body
    const { client, secret } = await clients.rotateSecret(request.params.id, overlap, by(request, reason))
    return { success: true as const, data: { client: toClientView(client), secret } }
  })
}
