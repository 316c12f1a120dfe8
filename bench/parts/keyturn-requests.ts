import type { Request } from '../harness/http-load.js'
import type { PartnerPost } from './partner-requests.js'
import { credentials, type Member } from './population.js'

/** Asks whether a token is good; the answer must be the one expected. */
export function validation (path: string, token: string, expected: string): Request {
  const body = JSON.stringify({ token })
  return async connection => {
    if (await connection.post(path, body) !== expected) throw new Error(`${path}: not the answer expected`)
  }
}

/** The answer must be as long as the one expected: a dead token's is much shorter. */
export function asPartner (post: PartnerPost, path: string, expected: string): Request {
  return async connection => {
    const { length } = await post(connection, path)
    if (length !== expected.length) throw new Error(`${path}: not the answer expected`)
  }
}

/** Each answer's refresh token is the next request's: the token is always the newest. */
export function refresh (member: { refreshToken: string }): Request {
  return async connection => {
    const { refreshToken } = await traded(connection, '/api/auth/refresh-token', member.refreshToken)
    member.refreshToken = refreshToken
  }
}

/** Of the limit: the same bytes to and fro, but the request names the row. */
export function update ({ key, refreshToken }: Member): Request {
  const name = `${key.accountId} ${key.sessionId} `.padEnd(refreshToken.length, '.')
  return async connection => { await traded(connection, '/refresh-token', name) }
}

/** What a refresh token was traded for. */
export async function traded (
  connection: Parameters<Request>[0], path: string, refreshToken: string
): Promise<{ token: string, refreshToken: string }> {
  const answer = JSON.parse(await connection.post(path, JSON.stringify({ refreshToken }))) as
    { data: { token: string, refreshToken: string } }
  return answer.data
}

/** Signs in with the right password. */
export function signIn ({ email }: Member): Request {
  const body = credentials(email)
  return async connection => { await connection.post('/api/auth/login', body) }
}

/** Reads the account's tasks, of which there are some. */
export function taskList ({ accessToken }: Member): Request {
  const headers = `authorization: Bearer ${accessToken}`
  return async connection => {
    const { body } = await connection.get('/tasks', headers)
    if (!body.includes('"Task 1"')) throw new Error(`tasks: not the answer expected\n${body}`)
  }
}

/** Asks a partner's service that checks the token by itself. */
export function asUser (token: string): Request {
  return async connection => { await connection.post('/', '', `authorization: Bearer ${token}`) }
}
