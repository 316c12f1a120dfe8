import type { components } from './admin-api.js'

export type Schemas = components['schemas']

/** What the server answered instead of what was asked for; `message` is for people. */
export class Refused extends Error {
  readonly status: number

  constructor (status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The only door of the console: requests of contract `admin`, with the token that the operator typed. */
export interface Api {
  /** @throws Refused */
  get<Data> (path: string): Promise<Data>
  /** @throws Refused */
  post<Data> (path: string, body?: object): Promise<Data>
  /** @throws Refused */
  delete<Data> (path: string): Promise<Data>
}

/** @param token is kept in memory only, and gone with the page */
export function createApi (token: string): Api {
  async function send<Data> (method: string, path: string, body?: object): Promise<Data> {
    const response = await fetch(`/admin${path}`, {
      method,
      credentials: 'omit',
      headers: {
        authorization: `Bearer ${token}`,
        ...body !== undefined && { 'content-type': 'application/json' },
        // A click whose reply is lost may be sent again by the browser, and is done once.
        ...method === 'POST' && { 'idempotency-key': crypto.randomUUID() }
      },
      ...body !== undefined && { body: JSON.stringify(body) }
    }).catch(() => { throw new Refused(0, 'The server cannot be reached. Try again.') })
    const reply = await response.json().catch(() => ({})) as { data?: Data, error?: { message?: string } }
    if (!response.ok) {
      throw new Refused(response.status, reply.error?.message ?? `The server answered ${response.status}.`)
    }
    return reply.data as Data
  }

  return {
    get: path => send('GET', path),
    post: (path, body) => send('POST', path, body),
    delete: path => send('DELETE', path)
  }
}
