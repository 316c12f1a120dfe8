import type { FastifyRequest } from 'fastify'
import { AuthError } from '../../core/errors.js'
import type { Core } from '../../core/index.js'
import type { ClientInfo } from '../../core/lib/client-info.js'
import type { Client, ClientCredentials } from '../../core/partners/clients.js'
import type { EventReceiver } from '../../core/security-events/index.js'
import { bearerTokenOf } from '../../http/access-token-source.js'
import { clientInfoOf } from '../../http/client-info.js'
import { HttpFailure } from '../../http/failure.js'
import { noteClient } from '../../http/request-outcome.js'

/** The supported methods of client authentication (RFC 8414 2). */
export const clientAuthenticationMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** Of a route that needs it: by the header, or by parameters of the body, which OpenAPI has no scheme for. */
export const clientSecurity = [{ client_secret_basic: [] }, {}]

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface ClientParameters {
  client_id?: string
  client_secret?: string
  client_assertion?: string
  client_assertion_type?: string
}

/** Authenticates the client of a request. @throws as `clientCredentialsFrom` and `clients.authenticate` do */
export async function authenticateClient (
  core: Core, request: FastifyRequest, parameters: ClientParameters
): Promise<Client> {
  const credentials = clientCredentialsFrom(request, parameters)
  const client = await core.partners.clients.authenticate(credentials, clientInfoOf(request))
  noteClient(request, client)
  return client
}

/** Of a route about a client's events, which takes a token of the client's own as well. */
export const receiverSecurity = [...clientSecurity, { client_token: [] }]

/** The same without a body that could have the credentials. */
export const bodilessReceiverSecurity = [{ client_secret_basic: [] }, { client_token: [] }]

/**
 * Authenticates the client of a request about its events: as `authenticateClient` does, or by a token that it got with
 * the grant `client_credentials`.
 * @throws as `authenticateClient` does; AuthError `invalid_token`, `unauthorized_client`
 */
export async function authenticateReceiver (
  core: Core, request: FastifyRequest, parameters: ClientParameters = {}
): Promise<{ client: Client, receiver: EventReceiver }> {
  const token = bearerTokenOf(request)
  const client = token === null
    ? await authenticateClient(core, request, parameters)
    : (await core.partners.tokens.ownerOf(token)).client
  noteClient(request, client)
  return { client, receiver: core.securityEvents.receiver(client) }
}

/** Where a client's request came from: what it does is on record as its own. */
export function clientInfoOfClient (request: FastifyRequest, { id }: Client): ClientInfo {
  return { ...clientInfoOf(request), actor: `client:${id}` }
}

/**
 * A client's credentials, by exactly one method (RFC 6749 2.3).
 * @throws HttpFailure `invalid_body` for more than one; AuthError `invalid_client` for none or a broken one
 */
function clientCredentialsFrom (request: FastifyRequest, parameters: ClientParameters): ClientCredentials {
  const { client_id: id, client_secret: secret, client_assertion: assertion } = parameters
  const methods = [request.headers.authorization, secret, assertion].filter(method => method !== undefined)
  if (methods.length > 1) {
    throw new HttpFailure('invalid_body', { description: 'the client authenticates by more than one method' })
  }
  if (assertion !== undefined) {
    if (parameters.client_assertion_type !== assertionType) {
      throw new HttpFailure('invalid_body', { description: `client_assertion_type must be ${assertionType}` })
    }
    return { assertion, id }
  }
  const presented = secret === undefined ? basic(request.headers.authorization) : { id, secret }
  if (presented?.id === undefined || (id !== undefined && id !== presented.id)) throw new AuthError('invalid_client')
  return { id: presented.id, secret: presented.secret }
}

/** Id and secret are form-encoded before they are put together (RFC 6749 2.3.1). */
function basic (header: string | undefined): { id: string, secret: string } | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return null
  const [id = '', secret, ...rest] = Buffer.from(encoded, 'base64').toString().split(':').map(decodeForm)
  return secret === undefined || rest.length > 0 ? null : { id, secret }
}

function decodeForm (text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') as string
}
