import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Client } from '../../core/partners/clients.js'
import { supportedEventTypes } from '../../core/security-events/event-types.js'
import { minVerificationInterval, type Stream, type StreamConfiguration } from '../../core/security-events/streams.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { noStore } from '../../http/no-store.js'
import { authenticateReceiver, bodilessReceiverSecurity, receiverSecurity } from './client-authentication.js'
import { requirePublicKeys } from './public-keys.js'
import { failures, receiverFailures } from './schemas.js'
import {
  ChangedStream, CreatedStream, NewStream, pollDelivery, RequiredStreamQuery, StatusChange, StreamChange, StreamOrList,
  StreamQuery, StreamStatusBody, Verify, type StreamBody
} from './stream-schemas.js'

const shared = { tags: ['oauth'], security: receiverSecurity }
const bodiless = { tags: ['oauth'], security: bodilessReceiverSecurity }
const streamFailures = [...receiverFailures, 'invalid_body', 'stream_not_found'] as const
const changeFailures = [...bodyFailures, ...streamFailures] as const

/** A client's event stream (OpenID Shared Signals Framework 1.0, section 8.1). */
export const streamRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings: { issuer } }) => {
  app.addHook('onRequest', noStore)
  app.addHook('preHandler', async () => { requirePublicKeys(core) })
  const toBody = (client: Client, stream: Stream) => toStreamBody(issuer, client, stream)

  app.post('/ssf/streams', {
    schema: {
      ...shared,
      operationId: 'ssfCreateStream',
      summary: 'Create the stream of the client (SSF 1.0, section 8.1.1.1)',
      description: 'Says which types of event the client gets at `/oauth/events`. Without a stream it gets all.',
      body: NewStream,
      response: { 201: CreatedStream, ...failures(...bodyFailures, ...receiverFailures, 'stream_exists') }
    }
  }, async (request, reply) => {
    const { client, receiver: { stream } } = await authenticateReceiver(core, request, request.body)
    reply.code(201)
    return toBody(client, await stream.create(toConfiguration(request.body)))
  })

  app.get('/ssf/streams', {
    schema: {
      ...bodiless,
      operationId: 'ssfReadStream',
      summary: 'Read the stream of the client (SSF 1.0, section 8.1.1.2)',
      description: 'Without `stream_id`, a list of the client\'s streams.',
      querystring: StreamQuery,
      response: { 200: StreamOrList, ...failures(...streamFailures) }
    }
  }, async request => {
    const { client, receiver: { stream } } = await authenticateReceiver(core, request)
    const { stream_id: streamId } = request.query
    if (streamId !== undefined) return toBody(client, await stream.get(streamId))
    const only = await stream.find()
    return only === undefined ? [] : [toBody(client, only)]
  })

  app.patch('/ssf/streams', {
    schema: {
      ...shared,
      operationId: 'ssfUpdateStream',
      summary: 'Change the stream of the client (SSF 1.0, section 8.1.1.3)',
      description: 'What is left out stays as it is.',
      body: StreamChange,
      response: { 200: ChangedStream, ...failures(...changeFailures) }
    }
  }, async request => {
    const { client, receiver: { stream } } = await authenticateReceiver(core, request, request.body)
    return toBody(client, await stream.update(request.body.stream_id, toConfiguration(request.body)))
  })

  await app.register(async (scope: typeof app) => {
    ignoreBodies(scope)

    scope.delete('/ssf/streams', {
      schema: {
        ...bodiless,
        operationId: 'ssfDeleteStream',
        summary: 'Delete the stream of the client (SSF 1.0, section 8.1.1.5)',
        description: 'The client gets all events at `/oauth/events` again, except of subjects that it removed.',
        querystring: RequiredStreamQuery,
        response: { 204: Type.Null({ description: 'Deleted' }), ...failures(...streamFailures) }
      }
    }, async (request, reply) => {
      const { receiver: { stream } } = await authenticateReceiver(core, request)
      await stream.delete(request.query.stream_id)
      return reply.code(204).send(null)
    })
  })

  app.get('/ssf/streams/status', {
    schema: {
      ...bodiless,
      operationId: 'ssfReadStreamStatus',
      summary: 'Read what becomes of the events (SSF 1.0, section 8.1.2.1)',
      description: 'Whether events are sent, kept for later, or neither.',
      querystring: RequiredStreamQuery,
      response: { 200: StreamStatusBody, ...failures(...streamFailures) }
    }
  }, async request => {
    const { receiver: { stream } } = await authenticateReceiver(core, request)
    return toStatusBody(await stream.get(request.query.stream_id))
  })

  app.post('/ssf/streams/status', {
    schema: {
      ...shared,
      operationId: 'ssfUpdateStreamStatus',
      summary: 'Set what becomes of the events (SSF 1.0, section 8.1.2.2)',
      description: 'Events that happen while the stream is disabled are not sent later either.',
      body: StatusChange,
      response: { 200: StreamStatusBody, ...failures(...changeFailures) }
    }
  }, async request => {
    const { receiver: { stream } } = await authenticateReceiver(core, request, request.body)
    const { stream_id: streamId, status, reason = null } = request.body
    return toStatusBody(await stream.setStatus(streamId, status, reason))
  })

  app.post('/ssf/verify', {
    schema: {
      ...shared,
      operationId: 'ssfVerifyStream',
      summary: 'Ask for a verification event (SSF 1.0, section 8.1.4.2)',
      description: 'It comes through the stream, with the given `state`. At most one a minute.',
      body: Verify,
      response: {
        204: Type.Null({ description: 'The event is in the stream' }),
        ...failures(...changeFailures, 'too_many_verifications')
      }
    }
  }, async (request, reply) => {
    const { receiver: { stream } } = await authenticateReceiver(core, request, request.body)
    await stream.verify(request.body.stream_id, request.body.state ?? null)
    return reply.code(204).send(null)
  })
}

function toConfiguration (
  { events_requested: requestedTypes, description }: Static<typeof NewStream>
): StreamConfiguration {
  return { requestedTypes, description }
}

function toStreamBody (issuer: string, client: Client, stream: Stream): Static<typeof StreamBody> {
  const { id, requestedTypes, description } = stream
  return {
    stream_id: id,
    iss: issuer,
    aud: client.audience,
    delivery: { method: pollDelivery, endpoint_url: `${issuer}/oauth/events` },
    events_supported: supportedEventTypes,
    ...(requestedTypes !== null && { events_requested: requestedTypes }),
    events_delivered: supportedEventTypes.filter(type => requestedTypes?.includes(type) ?? true),
    min_verification_interval: minVerificationInterval,
    ...(description !== null && { description })
  }
}

function toStatusBody ({ id, status, statusReason: reason }: Stream): Static<typeof StreamStatusBody> {
  return { stream_id: id, status, ...(reason !== null && { reason }) }
}
