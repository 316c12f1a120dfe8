import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { requirePublicKeys } from './public-keys.js'
import { authenticateReceiver, receiverSecurity } from './client-authentication.js'
import { failures, Poll, receiverFailures, SetPage } from './schemas.js'

const maxPageSize = 100

/** Ended sessions, for partners that verify tokens locally (RFC 8936: poll-based delivery). */
export const eventRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, log }) => {
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  app.post('/oauth/events', {
    schema: {
      operationId: 'oauthPollEvents',
      summary: 'Poll for security events and acknowledge them (RFC 8936)',
      description: 'Returns a signed event (RFC 8417) for every session that has ended and every account that has ' +
        'changed for partners, until it is acknowledged. Waits for an event unless `returnImmediately` is true.',
      tags: ['oauth'],
      security: receiverSecurity,
      body: Poll,
      response: {
        200: SetPage,
        ...failures(...bodyFailures, ...receiverFailures, 'too_many_polls')
      }
    }
  }, async (request, reply) => {
    const { client, receiver } = await authenticateReceiver(core, request, request.body)
    requirePublicKeys(core)
    const { maxEvents = maxPageSize, returnImmediately = false, ack = [], setErrs = {} } = request.body
    if (Object.keys(setErrs).length > 0) log.warn({ client: client.id, setErrs }, 'a partner refuses events')
    reply.header('cache-control', 'no-store')
    const leaving = new AbortController()
    reply.raw.once('close', () => leaving.abort())
    return receiver.poll({
      maxEvents: Math.min(maxEvents, maxPageSize),
      returnImmediately,
      acknowledged: [...ack, ...Object.keys(setErrs)],
      signal: AbortSignal.any([leaving.signal, stopping.signal])
    })
  })
}
