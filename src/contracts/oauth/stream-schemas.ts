import { Type, type Static } from '@sinclair/typebox'
import { streamStatuses } from '../../core/security-events/streams.js'
import { supportedEventTypes } from '../../core/security-events/event-types.js'
import { textOf } from '../../http/failure-schemas.js'
import { example, replyOf } from '../../http/schemas.js'
import { clientParameters } from './schemas.js'

export const pollDelivery = 'urn:ietf:rfc:8936'

const issuer = 'https://auth.example.com'
const streamId = '0b9a7f2e-6f0a-4a5e-9d7a-2c1f3e8b4d55'
const [sessionRevoked] = supportedEventTypes
const maxTypes = 50
const Text = (maxLength: number, description: string) => Type.String({ maxLength, description })

const StreamId = Type.String({ maxLength: 64, description: 'The `stream_id` of the client\'s stream' })
const EventTypes = Type.Array(Type.String({ maxLength: 512 }), {
  maxItems: maxTypes, description: 'URIs of event types; all that are supported when left out'
})
const Status = textOf(
  'StreamStatus', '`enabled`: events are sent. `paused`: they are kept for later. `disabled`: neither', streamStatuses)

export const StreamQuery = Type.Object({ stream_id: Type.Optional({ ...StreamId, examples: [streamId] }) })
export const RequiredStreamQuery = Type.Object({ stream_id: { ...StreamId, examples: [streamId] } })

const configuration = {
  events_requested: Type.Optional(EventTypes),
  delivery: Type.Optional(Type.Object({
    method: Type.Literal(pollDelivery, { description: 'Polling (RFC 8936)' })
  }, { description: 'Only polling is supported', additionalProperties: true })),
  description: Type.Optional(Text(255, 'For people'))
}

export const NewStream = Type.Object({ ...configuration, ...clientParameters }, {
  title: 'StreamRequest', examples: [{ events_requested: [sessionRevoked], description: 'SeshTracker' }]
})

export const StreamChange = Type.Object({ stream_id: StreamId, ...configuration, ...clientParameters }, {
  title: 'StreamChange', examples: [{ stream_id: streamId, events_requested: [sessionRevoked] }]
})

export const StreamBody = Type.Object({
  stream_id: Type.String(),
  iss: Type.String(),
  aud: Type.String(),
  delivery: Type.Object({ method: Type.String(), endpoint_url: Type.String({ description: 'Where to poll' }) }),
  events_supported: Type.Array(Type.String()),
  events_requested: Type.Optional(Type.Array(Type.String())),
  events_delivered: Type.Array(Type.String(), { description: 'Those that were asked for and are supported' }),
  min_verification_interval: Type.Integer({ description: 'Seconds' }),
  description: Type.Optional(Type.String())
}, { title: 'Stream' })

const stream: Static<typeof StreamBody> = {
  stream_id: streamId,
  iss: issuer,
  aud: 'https://sesh.example',
  delivery: { method: pollDelivery, endpoint_url: `${issuer}/oauth/events` },
  events_supported: supportedEventTypes,
  events_requested: [String(sessionRevoked)],
  events_delivered: [String(sessionRevoked)],
  min_verification_interval: 60,
  description: 'SeshTracker'
}

export const CreatedStream = replyOf(StreamBody, 'The stream', stream)
export const ChangedStream = replyOf(StreamBody, 'The stream as it is now', stream)
export const StreamOrList = replyOf(
  Type.Union([StreamBody, Type.Array(StreamBody)]),
  'The stream, or without `stream_id` a list of the client\'s streams, of which there is at most one', stream)

const statusMembers = { status: Status, reason: Type.Optional(Text(255, 'For people')) }

export const StatusChange = Type.Object({ stream_id: StreamId, ...statusMembers, ...clientParameters }, {
  title: 'StreamStatusChange', examples: [{ stream_id: streamId, status: 'paused', reason: 'Maintenance' }]
})

export const StreamStatusBody = replyOf(
  Type.Object({ stream_id: Type.String(), ...statusMembers }, { title: 'StreamState' }),
  'What becomes of the events', { stream_id: streamId, status: 'paused', reason: 'Maintenance' })

export const Verify = Type.Object({
  stream_id: StreamId, state: Type.Optional(Text(1024, 'Comes back in the event')), ...clientParameters
}, { title: 'VerificationRequest', examples: [{ stream_id: streamId, state: 'VGhpcyBpcyBhbiBleGFtcGxl' }] })

const SubjectMember = (description: string) => Type.Object({ format: Type.String() }, {
  description, additionalProperties: true
})

export const Subject = Type.Object({
  format: Type.String({ maxLength: 64, description: '`iss_sub` for an account, `complex` for one of its sessions' }),
  iss: Type.Optional(Text(2048, 'Of `iss_sub`: Keyturn\'s `PUBLIC_URL`')),
  sub: Type.Optional(Text(64, 'Of `iss_sub`: the account')),
  user: Type.Optional(SubjectMember('Of `complex`: the account, as `iss_sub`')),
  session: Type.Optional(SubjectMember('Of `complex`: the session, as `opaque`'))
}, { title: 'Subject', description: 'SSF 1.0, section 3; RFC 9493' })

export const SubjectChange = Type.Object({
  stream_id: StreamId,
  subject: Subject,
  verified: Type.Optional(Type.Boolean({ description: 'Taken, and of no effect' })),
  ...clientParameters
}, {
  title: 'SubjectChange',
  examples: [{ stream_id: streamId, subject: { format: 'iss_sub', iss: issuer, sub: example.id } }]
})

export const Empty = replyOf(
  Type.Object({}, { additionalProperties: false, title: 'EmptyResponse' }), 'Its events are sent', {})

/** The metadata of the transmitter of an issuer (SSF 1.0, section 7.1). */
export function transmitterConfiguration (issuer: string) {
  return {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    delivery_methods_supported: [pollDelivery],
    configuration_endpoint: `${issuer}/ssf/streams`,
    status_endpoint: `${issuer}/ssf/streams/status`,
    add_subject_endpoint: `${issuer}/ssf/subjects/add`,
    remove_subject_endpoint: `${issuer}/ssf/subjects/remove`,
    verification_endpoint: `${issuer}/ssf/verify`,
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }, { spec_urn: 'urn:ietf:rfc:7523' }],
    default_subjects: 'ALL' as const
  }
}

export const SsfConfiguration = replyOf(
  Type.Object({
    spec_version: Type.String(),
    issuer: Type.String(),
    jwks_uri: Type.String(),
    delivery_methods_supported: Type.Array(Type.String()),
    configuration_endpoint: Type.String(),
    status_endpoint: Type.String(),
    add_subject_endpoint: Type.String(),
    remove_subject_endpoint: Type.String(),
    verification_endpoint: Type.String(),
    authorization_schemes: Type.Array(Type.Object({ spec_urn: Type.String() })),
    default_subjects: Type.Literal('ALL')
  }, { title: 'TransmitterConfiguration' }),
  'The metadata of this transmitter', transmitterConfiguration(issuer))
