import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { ClientCreated, ClientList, ClientPath, NewClient, OneClient } from './client-schemas.js'
import { toStoredKeys } from './client-keys.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import { Done, failures } from './schemas.js'
import { toClientView } from './views.js'

const named = ['invalid_body', 'not_found'] as const

/** Partner services. */
export const clientRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard }) => {
  const { requires, by } = guard
  const { clients } = core.partners

  app.post('/admin/clients', {
    schema: {
      ...forScope('admin:clients'),
      operationId: 'adminCreateClient',
      summary: 'Make a client',
      description: 'Makes a partner service with a secret, which is shown this once, or with its public keys.',
      headers: IdempotencyKey,
      body: NewClient,
      response: {
        201: ClientCreated,
        ...failures(...operatorFailures, ...bodyFailures, ...idempotencyFailures, 'invalid_target')
      }
    },
    onRequest: requires('admin:clients')
  }, async (request, reply) => {
    const { name, grantTypes = [], permissions = [], scopes = [], audience, jwks, reason } = request.body
    const { client, secret } = await clients.add(
      { name, grantTypes, permissions, scopes, audience, publicKeys: toStoredKeys(jwks) }, by(request, reason))
    reply.code(201).header('location', `/admin/clients/${client.id}`)
    return { success: true as const, data: { client: toClientView(client), secret } }
  })

  await app.register(async (scope: typeof app) => {
    ignoreBodies(scope)

    scope.get('/admin/clients', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminClients',
        summary: 'List the clients',
        description: 'Returns all partner services, without their credentials.',
        response: { 200: ClientList, ...failures(...operatorFailures) }
      },
      onRequest: requires('admin:read')
    }, async () => {
      const all = await clients.list()
      return { success: true as const, data: { items: all.map(toClientView), next: null } }
    })

    scope.get('/admin/clients/:id', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminClient',
        summary: 'A client',
        description: 'Returns a partner service, without its credentials.',
        params: ClientPath,
        response: { 200: OneClient, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:read')
    }, async request => {
      const client = await clients.find(request.params.id)
      if (client === undefined) throw new AuthError('not_found')
      return { success: true as const, data: { client: toClientView(client) } }
    })

    scope.delete('/admin/clients/:id', {
      schema: {
        ...forScope('admin:clients'),
        operationId: 'adminDeleteClient',
        summary: 'Remove a client',
        description: 'Removes a partner service; it is refused everywhere at once.',
        params: ClientPath,
        response: { 200: Done, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:clients')
    }, async request => {
      await clients.remove(request.params.id, by(request))
      return { success: true as const, data: { done: true as const } }
    })
  })
}
