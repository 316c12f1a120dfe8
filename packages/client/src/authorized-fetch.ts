import { abortable } from './abortable.js'
import type { createRefresher } from './refresher.js'
import type { SessionUser, createSessionStore } from './session-store.js'

export interface AuthorizedFetchNeeds<User extends SessionUser> extends Pick<
  ReturnType<typeof createRefresher<User>>, 'usable' | 'renew'
> {
  baseUrl: string
  fetch: typeof globalThis.fetch
  /** To which the access token may be sent. */
  origins: readonly string[]
  ready: Promise<void>
  store: Pick<ReturnType<typeof createSessionStore<User>>, 'current'>
}

/** A `fetch` that sends the access token to the origins that may have it (RFC 6750 2.1). */
export function createAuthorizedFetch<User extends SessionUser> (
  { baseUrl, fetch, origins, ready, store, usable, renew }: AuthorizedFetchNeeds<User>
): typeof globalThis.fetch {
  return async (input: string | URL | Request, init: RequestInit = {}) => {
    await ready
    const request = input instanceof Request ? input : null
    const url = input instanceof Request ? input.url : input
    const { origin } = new URL(url, globalThis.location?.href ?? baseUrl)
    if (store.current === null || !origins.includes(origin)) return fetch(input, init)
    const send = (token: string) => {
      const headers = new Headers(init.headers ?? request?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(input, { ...init, headers })
    }
    const signal = init.signal ?? request?.signal
    const { token } = await abortable(usable(), signal)
    const reply = await send(token)
    if (reply.status !== 401 || !canRepeat(request, init)) return reply
    const renewed = await abortable(renew(token), signal).catch(() => null)
    if (renewed === null) return reply
    await reply.body?.cancel()
    return send(renewed.token)
  }
}

/** Whether a body can be sent again: a stream is spent, and so is that of a `Request`. */
function canRepeat (request: Request | null, { body }: RequestInit): boolean {
  return body == null ? request?.body == null : !('getReader' in Object(body))
}
