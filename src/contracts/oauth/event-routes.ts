import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { authenticateClient, clientSecurity } from './client-authentication.js'
import { failures, Poll, SetPage } from './schemas.js'

const maxPageSize = 100

/** Ended sessions, for partners that verify tokens locally (RFC 8936: poll-based delivery). */
export const eventRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, log }) => {
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  app.post('/oauth/events', {
    schema: {
      operationId: 'oauthPollEvents',
      summary: 'Poll for security events and acknowledge them (RFC 8936)',
      description: 'Returns a signed event (RFC 8417) for every session that has ended, until it is acknowledged. ' +
        'Waits for an event unless `returnImmediately` is true.',
      tags: ['oauth'],
      security: clientSecurity,
      body: Poll,
      response: {
        200: SetPage,
        ...failures(...bodyFailures, 'invalid_client', 'unauthorized_client', 'too_many_polls', 'no_public_keys')
      }
    }
  }, async (request, reply) => {
    const client = await authenticateClient(core, request, request.body)
    if (core.keys.published().length === 0) throw new HttpFailure('no_public_keys')
    const { maxEvents = maxPageSize, returnImmediately = false, ack = [], setErrs = {} } = request.body
    if (Object.keys(setErrs).length > 0) log.warn({ client: client.id, setErrs }, 'a partner refuses events')
    reply.header('cache-control', 'no-store')
    const leaving = new AbortController()
    reply.raw.once('close', () => leaving.abort())
    return core.partners.poll(client, {
      maxEvents: Math.min(maxEvents, maxPageSize),
      returnImmediately,
      acknowledged: [...ack, ...Object.keys(setErrs)],
      signal: AbortSignal.any([leaving.signal, stopping.signal])
    })
  })
}
