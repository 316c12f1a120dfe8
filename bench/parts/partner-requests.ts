import type { HttpConnection } from '../harness/http-connection.js'
import type { Credentials } from '../subjects/keyturn.js'

/** Sends a form as an authenticated client and resolves with the body of the answer. */
export type PartnerPost = (connection: HttpConnection, path: string) => Promise<string>

export function introspection (client: Credentials, token: string): PartnerPost {
  return asPartner(client, { token })
}

export function exchange (client: Credentials, token: string): PartnerPost {
  return asPartner(client, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token'
  })
}

function asPartner ({ id, secret }: Credentials, parameters: Record<string, string>): PartnerPost {
  const body = new URLSearchParams(parameters).toString()
  const headers = 'content-type: application/x-www-form-urlencoded\r\n' +
    `authorization: Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return (connection, path) => connection.post(path, body, headers)
}
