import { Type, type Static } from '@sinclair/typebox'
import { example, orNull, replyOf, Timestamp, Uuid } from '../schemas.js'
import { SubscriptionView } from '../subscription.js'

const ExportedSession = Type.Object({
  id: Uuid,
  contract: Type.String(),
  device: orNull(Type.String()),
  userAgent: orNull(Type.String()),
  address: orNull(Type.String()),
  createdAt: Timestamp,
  lastSeenAt: Timestamp,
  expiresAt: Timestamp,
  endedAt: orNull(Timestamp),
  endReason: orNull(Type.String())
}, { title: 'ExportedSession' })
export type ExportedSession = Static<typeof ExportedSession>

const ExportedEvent = Type.Object({
  id: Uuid,
  at: Timestamp,
  event: Type.String(),
  sessionId: orNull(Uuid),
  address: orNull(Type.String()),
  actor: orNull(Type.String(), '`user`, `operator`, `policy` or `client:` and an id')
}, { title: 'ExportedEvent' })
export type ExportedEvent = Static<typeof ExportedEvent>

const ExportedTask = Type.Object({
  id: Uuid, title: Type.String(), completed: Type.Boolean(), createdAt: Timestamp
}, { title: 'ExportedTask' })
export type ExportedTask = Static<typeof ExportedTask>

const ExportedMail = Type.Object({
  id: Uuid, kind: Type.String(), recipient: orNull(Type.String()), createdAt: Timestamp, sentAt: orNull(Timestamp)
}, { title: 'ExportedMail', description: 'Of the last week; what was in it is not kept' })
export type ExportedMail = Static<typeof ExportedMail>

const Profile = Type.Object({
  id: Type.String({ description: '`user_` and a UUID' }),
  number: Type.Integer({ description: 'The `id` of contract `spa`' }),
  email: Type.String(),
  emailVerified: Type.Boolean(),
  name: orNull(Type.String()),
  username: orNull(Type.String()),
  externalId: orNull(Type.String(), 'What the account was called in the system that it came from'),
  createdAt: Timestamp,
  updatedAt: Timestamp
}, { title: 'ExportedProfile' })
export type ExportedProfile = Static<typeof Profile>

const created = '2026-01-12T10:30:00Z'

export const Exported = replyOf(Type.Object({
  exportedAt: Timestamp,
  profile: Profile,
  subscription: SubscriptionView,
  sessions: Type.Array(ExportedSession),
  auditEvents: Type.Array(ExportedEvent),
  mails: Type.Array(ExportedMail),
  tasks: Type.Array(ExportedTask)
}, { title: 'Export' }), 'All that is stored of the user, save for secrets', {
  exportedAt: created,
  profile: {
    id: `user_${example.id}`,
    number: 1,
    email: example.email,
    emailVerified: false,
    name: example.name,
    username: null,
    externalId: null,
    createdAt: created,
    updatedAt: created
  },
  subscription: { status: 'none', plan: 'free', expiresAt: null },
  sessions: [],
  auditEvents: [{
    id: '9b2f8c4e-3d1a-4f6b-8e7c-5a0d9c1b2e3f',
    at: created,
    event: 'account_created',
    sessionId: null,
    address: '192.0.2.1',
    actor: 'user'
  }],
  mails: [],
  tasks: []
})
