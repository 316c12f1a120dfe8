import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { accountStatuses } from '../../core/accounts/account-search.js'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { failureSchemas, textOf } from '../../http/failure-schemas.js'
import { pageQuery } from '../../http/paging.js'
import { dataOf, Email, example, orNull, passwordOf, Timestamp, Uuid } from '../../http/schemas.js'
import { adminErrors, errorBody } from './errors.js'

export const failures = failureSchemas(adminErrors, errorBody)

export const maxPage = 1_000
export const defaultPage = 100

/** Of what a request has: a misspelt member must not count as one that was left out. */
export const exact = { additionalProperties: false }

const Name = Type.String({ format: 'line', minLength: 1, maxLength: 255 })
const Username = Type.String({ format: 'username', minLength: 3, maxLength: 50 })
const Status = textOf('AccountStatus', 'Whether it can be signed in to', accountStatuses)
const shortText = { minLength: 1, maxLength: 320 }

/** Of the client of the examples. */
export const clientId = 'client_dGhlIGV4YW1wbGUg'

/** Why an operator does something, for the audit log. */
export const Reason = Type.String({
  format: 'line', minLength: 1, maxLength: 500, description: 'Why, for the audit log; without personal data'
})

/** The body of what can be done without a reason. */
export const Reasoned = Type.Object({ reason: Type.Optional(Reason) }, {
  ...exact, title: 'ReasonRequest', examples: [{ reason: 'ticket 4711' }]
})

export const Deletion = Type.Object({ reason: Reason }, {
  ...exact, title: 'DeletionRequest', examples: [{ reason: 'asked for by its owner, ticket 4711' }]
})

export const AccountPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the account', examples: [example.id] })
})

export const SessionPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the account', examples: [example.id] }),
  sid: Type.String({ format: 'uuid', description: 'The id of the session', examples: [example.sessionId] })
})

/** Of a list that is read in pages. */
export const listQuery = (id: string = example.id) => Type.Composite(
  [pageQuery({ max: maxPage, standard: defaultPage, id, cursorFrom: '`next` of the page before' })], exact)

export const AccountQuery = Type.Composite([listQuery(), Type.Object({
  id: Type.Optional(Type.String({ format: 'uuid', examples: [example.id] })),
  email: Type.Optional(Type.String({ ...shortText, examples: [example.email] })),
  username: Type.Optional(Type.String({ ...shortText, examples: [example.username] })),
  prefix: Type.Optional(Type.String({ ...shortText, description: 'How the email begins', examples: ['user'] })),
  status: Type.Optional({ ...Status, examples: ['active'] }),
  created_from: Type.Optional({ ...Timestamp, description: 'Made then or later', examples: ['2026-01-01T00:00:00Z'] }),
  created_to: Type.Optional({ ...Timestamp, description: 'Made before', examples: ['2026-02-01T00:00:00Z'] })
})], exact)

const Subscription = Type.Object({
  status: Type.String(shortText),
  plan: Type.String(shortText),
  expiresAt: orNull(Timestamp, 'null for no end')
}, { title: 'StoredSubscription', description: 'What billing says' })

export const NewAccount = Type.Object({
  email: Email,
  password: Type.Optional({
    ...passwordOf(minPasswordLength), description: 'Left out, the owner sets one by a mail: `send-reset`'
  }),
  emailVerified: Type.Optional(Type.Boolean()),
  name: Type.Optional(orNull(Name)),
  username: Type.Optional(orNull(Username)),
  subscription: Type.Optional(orNull(Subscription)),
  reason: Type.Optional(Reason)
}, { ...exact, title: 'NewAccountRequest', examples: [{ email: 'new.user@example.com', name: example.name }] })

export const AccountChange = Type.Object({
  email: Type.Optional(Email),
  emailVerified: Type.Optional(Type.Boolean({ description: 'false with a new email, unless it is given' })),
  name: Type.Optional(orNull(Name, 'null removes it')),
  username: Type.Optional(orNull(Username, 'null removes it')),
  subscription: Type.Optional(orNull(Subscription, 'null removes it')),
  reason: Type.Optional(Reason)
}, {
  ...exact,
  title: 'AccountChangeRequest',
  examples: [{ subscription: { status: 'active', plan: 'premium', expiresAt: '2027-12-31T23:59:59Z' } }]
})

export const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({
    maxLength: 100,
    description: 'The `ETag` of the account as it was read: 412 if it was changed meanwhile',
    examples: ['"1768213800000"']
  }))
})

export const AccountView = Type.Object({
  id: Uuid,
  number: Type.Integer({ description: 'The integer id of contract `spa`' }),
  email: Type.String(),
  emailVerified: Type.Boolean(),
  name: orNull(Type.String()),
  username: orNull(Type.String()),
  subscription: orNull(Subscription),
  status: Status,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  disabledAt: orNull(Timestamp),
  deletesAt: orNull(Timestamp, 'When it is deleted, which its owner asked for')
}, { title: 'Account' })
export type AccountView = Static<typeof AccountView>

const accountExample: AccountView = {
  id: example.id,
  number: 17,
  email: example.email,
  emailVerified: true,
  name: example.name,
  username: null,
  subscription: { status: 'active', plan: 'premium', expiresAt: '2027-12-31T23:59:59Z' },
  status: 'active',
  createdAt: '2026-01-12T10:30:00Z',
  updatedAt: '2026-01-12T10:30:00Z',
  disabledAt: null,
  deletesAt: null
}

/** A page of a list. */
export function listOf<Item extends TSchema> (title: string, item: Item, description: string, shown: Static<Item>) {
  return dataOf(title, Type.Object({
    items: Type.Array(item), next: orNull(Type.String(), 'The `cursor` of the next page; null at the end')
  }), description, { items: [shown], next: null })
}

const AccountData = Type.Object({ account: AccountView })
const accountData = { account: accountExample }

export const AccountList = listOf('AccountListResponse', AccountView, 'The accounts, newest first', accountExample)
export const OneAccount = dataOf('AccountResponse', AccountData, 'The account', accountData)
export const Created = dataOf('AccountCreatedResponse', AccountData, 'The account was made', accountData)

export const Done = dataOf('DoneResponse', Type.Object({ done: Type.Literal(true) }), 'Done', { done: true })

export const SessionView = Type.Object({
  id: Uuid,
  contract: Type.String({ description: 'Where it began' }),
  device: orNull(Type.String()),
  userAgent: orNull(Type.String()),
  address: orNull(Type.String({ description: 'Of the client that signed in' })),
  createdAt: Timestamp,
  lastSeenAt: { ...Timestamp, description: 'Of the last refresh' },
  expiresAt: Timestamp
}, { title: 'Session' })
export type SessionView = Static<typeof SessionView>

export const SessionList = listOf('SessionListResponse', SessionView, 'The live sessions, newest first', {
  id: example.sessionId,
  contract: 'account',
  device: 'Safari on iPhone',
  userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)',
  address: '192.0.2.17',
  createdAt: '2026-01-12T10:30:00Z',
  lastSeenAt: '2026-01-12T11:27:31Z',
  expiresAt: '2026-02-11T11:27:31Z'
})

export const Ended = dataOf('EndedResponse', Type.Object({
  ended: Type.Integer({ description: 'How many sessions were live until then' })
}), 'Ended', { ended: 1 })
