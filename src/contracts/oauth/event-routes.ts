import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { clientCredentialsFrom } from './client-authentication.js'
import { failures, Poll, SetPage } from './schemas.js'

const maxPageSize = 100

/** What has ended, for partners that check tokens by themselves (RFC 8936: poll-based delivery). */
export const eventRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, log }) => {
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  app.post('/oauth/events', {
    schema: {
      operationId: 'pollEvents',
      summary: 'Learn of sessions that have ended, and say which events were taken (RFC 8936)',
      tags: ['oauth'],
      body: Poll,
      response: { 200: SetPage, ...failures(400, 401, 404, 413, 415) }
    }
  }, async (request, reply) => {
    const client = await core.clients.authenticate(clientCredentialsFrom(request, request.body))
    if (core.keys.published().length === 0) throw new HttpFailure('no_public_keys')
    const { maxEvents = maxPageSize, returnImmediately = false, ack = [], setErrs = {} } = request.body
    if (Object.keys(setErrs).length > 0) log.warn({ client: client.id, setErrs }, 'a partner refuses events')
    reply.header('cache-control', 'no-store')
    const leaving = new AbortController()
    reply.raw.once('close', () => leaving.abort())
    return core.events.poll(client, {
      maxEvents: Math.min(maxEvents, maxPageSize),
      returnImmediately,
      acknowledged: [...ack, ...Object.keys(setErrs)],
      signal: AbortSignal.any([leaving.signal, stopping.signal])
    })
  })
}
