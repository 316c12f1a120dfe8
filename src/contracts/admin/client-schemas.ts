import { Type, type Static } from '@sinclair/typebox'
import { maxSecretOverlap, secretOverlap } from '../../core/partners/client-changes.js'
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

const Name = Type.String({ format: 'line', minLength: 1, maxLength: 255 })
const GrantTypes = Type.Array(GrantType, { uniqueItems: true })
const Permissions = Type.Array(Permission, { uniqueItems: true })
const Audience = Type.String({
  pattern: '^[\\x21-\\x7e]+$', maxLength: 500, description: 'Whom tokens are for that are made for it; else its id'
})
const Scopes = Type.Array(Scope, { uniqueItems: true, maxItems: 100 })
const Jwks = Type.Object({ keys: Type.Array(Type.Object({}), { minItems: 1, maxItems: 20 }) }, {
  title: 'ClientKeySet', description: 'Public keys (RFC 7517 5): the client signs (private_key_jwt) and has no secret'
})

export const NewClient = Type.Object({
  name: Name,
  grantTypes: Type.Optional(GrantTypes),
  permissions: Type.Optional({ ...Permissions, default: ['introspect', 'events'] }),
  audience: Type.Optional(Audience),
  scopes: Type.Optional(Scopes),
  jwks: Type.Optional(Jwks),
  reason: Type.Optional(Reason)
}, {
  ...exact, title: 'NewClientRequest', examples: [{ name: 'SeshTracker', permissions: ['introspect', 'events'] }]
})

export const ClientChange = Type.Object({
  name: Type.Optional(Name),
  grantTypes: Type.Optional(GrantTypes),
  permissions: Type.Optional(Permissions),
  audience: Type.Optional(Audience),
  scopes: Type.Optional(Scopes),
  jwks: Type.Optional(Jwks),
  reason: Type.Optional(Reason)
}, { ...exact, title: 'ClientChangeRequest', examples: [{ name: 'SeshTracker' }] })

export const SecretRotation = Type.Object({
  overlap: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: maxSecretOverlap,
    default: secretOverlap,
    description: 'Seconds for which the secret before goes on'
  })),
  reason: Type.Optional(Reason)
}, { ...exact, title: 'SecretRotationRequest', examples: [{ overlap: 3600 }] })

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
const shownSecret = 'mTFQ0dWvY3yT0m2cJ8bZ4Hn1xKQpR6sL9aVgEoUiDfc'

export const ClientCreated = dataOf('ClientCreatedResponse', Type.Object({
  client: ClientView, secret: orNull(Type.String(), 'Shown once; only its hash is stored')
}), 'The client was made', { client: shown, secret: shownSecret })

export const ClientSecret = dataOf('ClientSecretResponse', Type.Object({
  client: ClientView, secret: Type.String({ description: 'Shown once; only its hash is stored' })
}), 'The client has a new secret', { client: shown, secret: shownSecret })
