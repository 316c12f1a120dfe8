import { Type, type Static } from '@sinclair/typebox'
import { auditEventNames } from '../../core/audit/audit-log.js'
import { textOf } from '../../http/failure-schemas.js'
import { example, orNull, Timestamp, Uuid } from '../../http/schemas.js'
import { clientId, exact, listOf, listQuery } from './schemas.js'

const text = { minLength: 1, maxLength: 200 }
const EventName = textOf('AuditEvent', 'What happened', auditEventNames)

export const AuditQuery = Type.Composite([listQuery(), Type.Object({
  account: Type.Optional(Type.String({ format: 'uuid', description: 'Its id', examples: [example.id] })),
  client: Type.Optional(Type.String({
    ...text, description: 'The id of what was changed, a client or a key', examples: [clientId]
  })),
  actor: Type.Optional(Type.String({ ...text, description: 'Who did it', examples: ['admin_token'] })),
  type: Type.Optional({ ...EventName, examples: ['account_disabled'] }),
  from: Type.Optional({ ...Timestamp, description: 'Then or later', examples: ['2026-01-01T00:00:00Z'] }),
  to: Type.Optional({ ...Timestamp, description: 'Before', examples: ['2026-02-01T00:00:00Z'] })
})], exact)

export const AuditView = Type.Object({
  id: Uuid,
  at: Timestamp,
  event: EventName,
  accountId: { ...Uuid, description: 'The nil UUID for what concerns no account' },
  sessionId: orNull(Uuid),
  actor: orNull(Type.String(),
    '`user`, `operator` (command line), `admin_token`, `policy`, or `client:` and an id'),
  address: orNull(Type.String(), 'After 30 days its network'),
  subject: orNull(Type.String(), 'The id of the client or the key; with an unknown email, a keyed hash of it'),
  requestId: orNull(Type.String(), 'As in the log and the header `X-Request-Id`'),
  details: orNull(Type.Object({
    reason: Type.Optional(Type.String()),
    before: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    after: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
  }), 'Why, and from what to what')
}, { title: 'AuditRecord' })
export type AuditView = Static<typeof AuditView>

const shown: AuditView = {
  id: '0199d3a2-5b1c-4c6e-8f0a-3d2b1c4e5f60',
  at: '2026-01-12T10:30:00.123Z',
  event: 'account_disabled',
  accountId: example.id,
  sessionId: null,
  actor: 'admin_token',
  address: '127.0.0.1',
  subject: null,
  requestId: '5f2c7d0e-8a9b-4c1d-9e3f-7a6b5c4d3e2f',
  details: { reason: 'ticket 4711' }
}

/** One record a line; a text is not JSON, so its schema has a media type of its own. */
const lines = {
  'application/x-ndjson': {
    schema: Type.String({ description: 'All records, one a line' }), example: `${JSON.stringify(shown)}\n`
  }
}

const AuditPage = listOf('AuditListResponse', AuditView, 'The records, newest first', shown)

export const AuditReply = {
  description: 'A page of the records, newest first; with `Accept: application/x-ndjson` all, one a line',
  content: {
    'application/json': { schema: AuditPage, example: { success: true, data: { items: [shown], next: null } } },
    ...lines
  }
}
