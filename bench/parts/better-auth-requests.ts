import type { Request } from '../harness/http-load.js'
import { credentials, emailOf, password } from './population.js'

/** Somebody who is signed in to better-auth. */
export interface BetterAuthUser {
  email: string
  /** Where its pages are, as a browser says it. */
  origin: string
  /** By name, as a browser keeps them. */
  cookies: Map<string, string>
}

interface WithUser {
  user: { email: string }
}

/** Signs so many users up through better-auth's own interface, which also signs them in. */
export async function signUpBetterAuthUsers (port: number, count: number): Promise<BetterAuthUser[]> {
  const origin = `http://127.0.0.1:${port}`
  const users: BetterAuthUser[] = []
  for (let number = 0; number < count; number += 1) {
    const email = emailOf(number)
    const answer = await fetch(`${origin}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ name: email, email, password })
    })
    const body = await answer.text()
    if (!answer.ok) throw new Error(`sign-up: ${answer.status}\n${body}`)
    const user = { email, origin, cookies: new Map<string, string>() }
    for (const line of answer.headers.getSetCookie()) keepCookie(user.cookies, line)
    users.push(user)
  }
  return users
}

/** Asks whose session it is, with all cookies; the ones that are set become the next request's. */
export function betterAuthSession ({ email, cookies }: BetterAuthUser): Request {
  let headers = cookieHeader(cookies)
  return async connection => {
    const { head, body } = await connection.get('/api/auth/get-session', headers)
    if (ownerOf(body) !== email) throw new Error(`get-session: not the session expected\n${body}`)
    const set = [...head.matchAll(/\r\nset-cookie: (.+)/gi)]
    if (set.length === 0) return
    for (const [, line = ''] of set) keepCookie(cookies, line)
    headers = cookieHeader(cookies)
  }
}

/** Signs in anew with the right password, each time without cookies. */
export function betterAuthSignIn ({ email, origin }: BetterAuthUser): Request {
  const headers = `content-type: application/json\r\norigin: ${origin}`
  const body = credentials(email)
  return async connection => {
    const answer = await connection.post('/api/auth/sign-in/email', body, headers)
    if (ownerOf(answer) !== email) throw new Error(`sign-in: not the user expected\n${answer}`)
  }
}

/** The address in an answer; of nobody's session the answer is `null`. */
function ownerOf (body: string): string | undefined {
  return (JSON.parse(body) as WithUser | null)?.user.email
}

/** Takes a Set-Cookie line over; a cookie that is to end at once is dropped. */
function keepCookie (cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const equals = pair.indexOf('=')
  const name = pair.slice(0, equals)
  if (attributes.includes('Max-Age=0')) cookies.delete(name)
  else cookies.set(name, pair.slice(equals + 1))
}

function cookieHeader (cookies: Map<string, string>): string {
  return `cookie: ${Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ')}`
}
