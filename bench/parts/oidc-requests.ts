import type { Request } from '../harness/http-load.js'
import type { Credentials } from '../subjects/keyturn.js'

interface Tokens {
  access_token: string
  refresh_token: string
}

/** Trades this refresh token for an access token that is a JWT; each answer's refresh token is the next request's. */
export function oidcRefresh (client: Credentials, refreshToken: string): Request {
  const headers = formHeaders(client)
  let newest = refreshToken
  return async connection => {
    const body = `grant_type=refresh_token&refresh_token=${encodeURIComponent(newest)}`
    const answer = await connection.post('/token', body, headers)
    const tokens = JSON.parse(answer) as Tokens
    if (!isJwt(tokens.access_token) || tokens.refresh_token === newest) {
      throw new Error(`refresh grant: not the answer expected\n${answer}`)
    }
    newest = tokens.refresh_token
  }
}

/** Asks about a live access token, with the hint that saves the server looking among other tokens. */
export function oidcIntrospection (client: Credentials, accessToken: string): Request {
  const headers = formHeaders(client)
  const body = `token=${encodeURIComponent(accessToken)}&token_type_hint=access_token`
  return async connection => {
    const answer = await connection.post('/token/introspection', body, headers)
    if (!(JSON.parse(answer) as { active: boolean }).active) throw new Error(`introspection: not active\n${answer}`)
  }
}

function formHeaders ({ id, secret }: Credentials): string {
  return 'content-type: application/x-www-form-urlencoded\r\n' +
    `authorization: Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

function isJwt (token: string): boolean {
  return token.startsWith('eyJ') && token.split('.').length === 3
}
