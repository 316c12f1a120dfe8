import { Type, type Static } from '@sinclair/typebox'
import { clientGrants, clientPermissions } from '../../core/partners/clients.js'
import { textOf } from '../../http/failure-schemas.js'
import { dataOf, orNull, Timestamp } from '../../http/schemas.js'
import { clientId, exact, listOf, Reason } from './schemas.js'

const GrantType = textOf('GrantType', 'How it gets tokens (RFC 6749)', clientGrants)
const Permission = textOf('ClientPermission', 'What else it may ask for', clientPermissions)
const Scope = Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$', maxLength: 200 })

export const ClientPath = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100, description: 'The id of the client', examples: [clientId] })
})

export const NewClient = Type.Object({
  name: Type.String({ format: 'line', minLength: 1, maxLength: 255 }),
  grantTypes: Type.Optional(Type.Array(GrantType, { uniqueItems: true })),
  permissions: Type.Optional(Type.Array(Permission, { uniqueItems: true, default: ['introspect', 'events'] })),
  audience: Type.Optional(Type.String({
    pattern: '^[\\x21-\\x7e]+$', maxLength: 500, description: 'Whom tokens are for that are made for it; else its id'
  })),
  scopes: Type.Optional(Type.Array(Scope, { uniqueItems: true, maxItems: 100 })),
  reason: Type.Optional(Reason)
}, {
  ...exact, title: 'NewClientRequest', examples: [{ name: 'SeshTracker', permissions: ['introspect', 'events'] }]
})

export const ClientView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  grantTypes: Type.Array(GrantType),
  permissions: Type.Array(Permission),
  audience: Type.String(),
  scopes: Type.Array(Type.String()),
  createdAt: Timestamp
}, { title: 'Client', description: 'A partner service, without its credentials' })
export type ClientView = Static<typeof ClientView>

const shown: ClientView = {
  id: clientId,
  name: 'SeshTracker',
  grantTypes: [],
  permissions: ['introspect', 'events'],
  audience: clientId,
  scopes: [],
  createdAt: '2026-01-12T10:30:00Z'
}

export const ClientList = listOf('ClientListResponse', ClientView, 'All clients, oldest first', shown)
export const OneClient = dataOf('ClientResponse', Type.Object({ client: ClientView }), 'The client', { client: shown })
export const ClientCreated = dataOf('ClientCreatedResponse', Type.Object({
  client: ClientView, secret: orNull(Type.String(), 'Shown once; only its hash is stored')
}), 'The client was made', { client: shown, secret: 'mTFQ0dWvY3yT0m2cJ8bZ4Hn1xKQpR6sL9aVgEoUiDfc' })
