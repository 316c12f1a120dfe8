import { say, type Addresses, type Reply, type Step } from './conversation.js'

/** Of every account. */
export const password = 'correct horse battery'

/** Of contract `partner`. */
export interface Tokens {
  token: string
  refreshToken: string
}

/** Posts JSON and returns the body. @throws Error when the reply is not a good one */
export async function posted (
  addresses: Addresses, at: Step['at'], path: string, json?: unknown, headers: Record<string, string> = {}
): Promise<Reply['body']> {
  const { status, body } = await say(addresses, { at, route: `POST ${path}`, json, headers })
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  return body
}

export async function loggedIn (addresses: Addresses, email: string): Promise<Tokens> {
  return (await posted(addresses, 'api', '/api/auth/login', { email, password })).data
}

/** The id of the session that an access token belongs to. */
export function sessionOf (accessToken: string): string {
  return (JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { sid: string }).sid
}
