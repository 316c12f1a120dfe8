import type { TestServer } from '../support/build.js'
import { post, send, type Reply } from '../support/http.js'

export interface Person {
  email: string
  username: string
  password: string
}

/** How one contract's clients do what all contracts can do. */
export interface Driver {
  /** Makes an account. */
  signUp (person: Person): Promise<Reply>
  signIn (person: Person): Promise<Reply>
  /** The access token of a reply to a sign-in, from the body or from the cookie. */
  tokenOf (reply: Reply): string
  /** Calls a route that requires an access token. */
  callProtected (token: string): Promise<Reply>
  /** With headers besides the token, where the contract's request has no body. */
  signOut (token: string, headers?: Record<string, string>): Promise<Reply>
  /** The status and the body of each refusal. */
  refusals: Record<'wrongPassword' | 'taken' | 'badToken', { status: number, body: object }>
  /** Whether `callProtected` accepted the token. */
  isGood (reply: Reply): boolean
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The value of a cookie that a reply sets. */
export function cookieOf (reply: Reply, name: string): string {
  const [cookie = ''] = reply.headers.getSetCookie().filter(each => each.startsWith(`${name}=`))
  return cookie.slice(name.length + 1).split(';', 1)[0] ?? ''
}

const ok = (reply: Reply) => reply.status === 200

export function drivers ({ api, tasks, web }: TestServer): Record<string, Driver> {
  const spaSignUp = (person: Person) => post(`${api}/api/auth/register`, person)
  return {
    partner: {
      // Contract partner registers no accounts.
      signUp: spaSignUp,
      signIn: person => post(`${api}/api/auth/login`, person),
      tokenOf: reply => String(reply.body.data.token),
      callProtected: token => post(`${api}/api/auth/validate-token`, { token }),
      signOut: token => post(`${api}/api/auth/revoke-token`, { token }),
      isGood: reply => ok(reply) && reply.body.data.valid === true,
      refusals: {
        wrongPassword: { status: 401, body: { error: { code: 'INVALID_CREDENTIALS' } } },
        taken: { status: 400, body: { detail: 'Email already registered' } },
        badToken: { status: 401, body: { error: { code: 'INVALID_TOKEN' } } }
      }
    },
    spa: {
      signUp: spaSignUp,
      signIn: person => post(`${api}/api/auth/token`, person),
      tokenOf: reply => String(reply.body.access_token),
      callProtected: token => send(`${api}/api/auth/me`, { headers: bearer(token) }),
      signOut: (token, headers) =>
        send(`${api}/api/auth/logout`, { method: 'POST', headers: { ...headers, ...bearer(token) } }),
      isGood: ok,
      refusals: {
        wrongPassword: { status: 401, body: { detail: 'Invalid email or password' } },
        taken: { status: 400, body: { detail: 'Email already registered' } },
        badToken: { status: 401, body: { detail: 'Could not validate credentials' } }
      }
    },
    tasks: {
      signUp: person => post(`${tasks}/auth/signup`, person),
      signIn: person => post(`${tasks}/auth/login`, person),
      tokenOf: reply => cookieOf(reply, 'auth_token'),
      callProtected: token => send(`${tasks}/tasks`, { headers: bearer(token) }),
      signOut: (token, headers) =>
        send(`${tasks}/auth/logout`, { method: 'POST', headers: { ...headers, ...bearer(token) } }),
      isGood: ok,
      refusals: {
        wrongPassword: { status: 401, body: { detail: 'Invalid email or password' } },
        taken: { status: 409, body: { detail: 'Email already registered' } },
        badToken: { status: 401, body: { detail: 'Invalid or expired token' } }
      }
    },
    web: {
      signUp: person => post(`${web}/auth/register`, person),
      signIn: person => post(`${web}/auth/login`, person),
      tokenOf: reply => cookieOf(reply, 'token'),
      callProtected: token => send(`${web}/auth/me`, { headers: { cookie: `token=${token}` } }),
      signOut: (token, headers) =>
        send(`${web}/auth/logout`, { method: 'POST', headers: { ...headers, cookie: `token=${token}` } }),
      isGood: ok,
      refusals: {
        wrongPassword: { status: 401, body: { error: 'Invalid email or password' } },
        taken: { status: 409, body: { error: 'Email already registered' } },
        badToken: { status: 401, body: { error: 'Not authenticated' } }
      }
    },
    session: {
      signUp: person => post(`${api}/api/auth/sign-up/email`, { ...person, name: person.username }),
      signIn: person => post(`${api}/api/auth/sign-in/email`, person),
      tokenOf: reply => String(reply.body.token),
      callProtected: token => send(`${api}/api/auth/list-sessions`, { headers: bearer(token) }),
      signOut: (token, headers) =>
        send(`${api}/api/auth/sign-out`, { method: 'POST', headers: { ...headers, ...bearer(token) } }),
      // The token of another contract is good, and may not list sessions.
      isGood: reply => ok(reply) || reply.body.code === 'WRONG_CONTRACT',
      refusals: {
        wrongPassword: { status: 401, body: { code: 'INVALID_EMAIL_OR_PASSWORD' } },
        taken: { status: 422, body: { code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL' } },
        badToken: { status: 401, body: { code: 'UNAUTHORIZED' } }
      }
    },
    account: {
      signUp: person => post(`${api}/api/account/sign-up`, person),
      signIn: person => post(`${api}/api/account/sign-in`, person),
      tokenOf: reply => String(reply.body.data.token),
      callProtected: token => send(`${api}/api/account/me`, { headers: bearer(token) }),
      signOut: (token, headers) =>
        send(`${api}/api/account/sign-out`, { method: 'POST', headers: { ...headers, ...bearer(token) } }),
      isGood: ok,
      refusals: {
        wrongPassword: { status: 401, body: { error: { code: 'INVALID_CREDENTIALS' } } },
        taken: { status: 409, body: { error: { code: 'EMAIL_TAKEN' } } },
        badToken: { status: 401, body: { error: { code: 'INVALID_TOKEN' } } }
      }
    }
  }
}
