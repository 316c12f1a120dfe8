import type { Test } from 'tap'
import type { Reply } from './http.js'

/** The cookies that a reply sets, besides the one by which a device is recognized. */
export const cookiesSet = (reply: Pick<Reply, 'headers'>) =>
  reply.headers.getSetCookie().filter(cookie => !cookie.startsWith('keyturn_device='))

/** Checks that a reply sets this cookie with these attributes, and nothing else; returns its value. */
export function setsCookie (t: Test, reply: Reply, name: string, attributes: readonly string[]): string {
  const cookies = cookiesSet(reply)
  t.equal(cookies.length, 1, 'one cookie')
  const [pair = '', ...rest] = (cookies[0] ?? '').split('; ')
  t.equal(pair.split('=', 1)[0], name)
  t.same(rest.sort(), [...attributes].sort(), `attributes: ${attributes.join('; ')}`)
  return pair.slice(name.length + 1)
}

export function setsNoCookie (t: Test, reply: Reply): void {
  t.same(reply.headers.getSetCookie(), [], 'no cookie')
}

/** The claims of a token that nobody has checked. */
export function claimsOf (token: string): Record<string, unknown> {
  return partOf(token, 1)
}

export function headerOf (token: string): Record<string, unknown> {
  return partOf(token, 0)
}

function partOf (token: string, index: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>
}
