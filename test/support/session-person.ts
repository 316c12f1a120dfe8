import type { Test } from 'tap'
import type { Requester, RequestOptions } from './requester.js'
import type { Reply } from './http.js'
import { newPerson, type Person } from './people.js'

/** The cookie of contract `session`: HttpOnly, SameSite=Lax, Path=/, as long as the token lives. */
export const sessionCookie = (maxAge = 3600) => ['HttpOnly', 'SameSite=Lax', 'Path=/', `Max-Age=${maxAge}`]

/** A session as Better Auth's client types it. */
export interface SessionShown {
  id: string
  token: string
  userId: string
  expiresAt: string
  createdAt: string
  updatedAt: string
  ipAddress: string | null
  userAgent: string | null
}

/** A user with an account and a session at contract `session`. */
export interface SessionPerson extends Person {
  userId: string
  token: string
  /** Sends a request with the user's token and checks the reply against the document. */
  request (t: Test, route: string, options?: RequestOptions): Promise<Reply>
}

/** Signs a new person up, or signs in a known one. */
export async function sessionPerson (t: Test, request: Requester, known?: Person): Promise<SessionPerson> {
  const person = known ?? newPerson()
  const { status, body } = known === undefined
    ? await request(t, 'POST /api/auth/sign-up/email', { json: { ...person, name: person.username } })
    : await request(t, 'POST /api/auth/sign-in/email', { json: person })
  t.equal(status, 200)
  const token = String(body.token)
  return {
    username: person.username,
    email: person.email,
    password: person.password,
    userId: String(body.user.id),
    token,
    request: (t, route, options) => request(t, route, { bearer: token, ...options })
  }
}
