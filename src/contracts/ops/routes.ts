import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import type { ContractOptions } from '../../http/contract.js'
import { createMetrics } from './metrics.js'

const Up = Type.Object({ success: Type.Literal(true), data: Type.Object({ status: Type.String() }) })
const NotReady = Type.Object({
  success: Type.Literal(false), error: Type.Object({ code: Type.String(), message: Type.String() })
}, { description: 'Send no traffic here now' })

const tags = ['ops']

/** For load balancers and supervisors. Liveness asks nobody, so that a database outage restarts nothing. */
export const opsRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core }) => {
  app.get('/livez', {
    schema: {
      operationId: 'livez',
      summary: 'Is the process alive',
      tags,
      response: { 200: { ...Up, description: 'It is' } }
    }
  }, async () => ({ success: true as const, data: { status: 'alive' } }))

  app.get('/readyz', {
    schema: {
      operationId: 'readyz',
      summary: 'Can it answer requests',
      tags,
      response: { 200: { ...Up, description: 'It can' }, 503: NotReady }
    }
  }, async () => {
    if (!await core.isReady()) throw new AuthError('unavailable')
    return { success: true as const, data: { status: 'ready' } }
  })

  const metrics = createMetrics(core)
  app.get('/metrics', {
    schema: {
      operationId: 'metrics',
      summary: 'What this process does, for Prometheus',
      tags,
      response: {
        200: { description: 'In the text format of Prometheus', content: { 'text/plain': { schema: Type.String() } } }
      }
    }
  }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return metrics.metrics()
  })
}
