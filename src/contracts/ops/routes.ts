import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import type { ContractOptions } from '../../http/contract.js'
import { createMetrics } from './metrics.js'
import { Alive, failures, MetricsText, Ready } from './schemas.js'

const tags = ['ops']

/** For load balancers and supervisors. Liveness does not ask the database: an outage must not restart processes. */
export const opsRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, requestMetrics }) => {
  app.get('/livez', {
    schema: {
      operationId: 'livez',
      summary: 'Liveness',
      description: 'Answers as long as the process runs, also while the database is down.',
      tags,
      response: { 200: Alive }
    }
  }, async () => ({ success: true as const, data: { status: 'alive' } }))

  app.get('/readyz', {
    schema: {
      operationId: 'readyz',
      summary: 'Readiness',
      description: 'Says whether the database takes writes and answers within a second, and the signing keys are ' +
        'loaded. Send no traffic on 503.',
      tags,
      response: { 200: Ready, ...failures('unavailable') }
    }
  }, async () => {
    if (!await core.lifecycle.isReady()) throw new AuthError('unavailable')
    return { success: true as const, data: { status: 'ready' } }
  })

  const metrics = createMetrics(core)
  app.get('/metrics', {
    schema: {
      operationId: 'metrics',
      summary: 'Metrics',
      description: 'Metrics of this process, for Prometheus.',
      tags,
      response: { 200: MetricsText }
    }
  }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return `${await metrics.text()}\n${await requestMetrics()}`
  })
}
