import { abortable } from './abortable.js'
import type { BodyOf, DataOf, Method, PathOf, RequestOptions, User } from './account-routes.js'
import { createAuthorizedFetch } from './authorized-fetch.js'
import { KeyturnError } from './errors.js'
import { createRefresher } from './refresher.js'
import { createSessionStore, type SessionChange, type StoredSession } from './session-store.js'
import { memoryStorage, type SessionStorage } from './storage.js'
import { createTransport } from './transport.js'

export interface ClientOptions {
  /** Where Keyturn is, such as `https://auth.example.com`. */
  baseUrl: string
  /** Where the session is kept; in memory if left out. */
  storage?: SessionStorage
  /** The `fetch` to send with. */
  fetch?: typeof globalThis.fetch
  /** What this device is called in the list of sessions. */
  clientName?: string
  /** Origins to which the access token may be sent; that of `baseUrl` if left out. */
  origins?: string[]
  /** Seconds before its end that a token is refreshed; 30. */
  refreshAheadSeconds?: number
  /** Seconds for each try; 10. */
  timeoutSeconds?: number
  /** Gets what is reported and not thrown, such as a storage that is full. */
  onError?: (error: unknown) => void
  /** Milliseconds since 1970. */
  now?: () => number
}

export interface Session {
  user: User
  /** When the access token ends, in milliseconds since 1970 by the clock of the device; it is refreshed before. */
  expiresAt: number
}

export interface SessionEvent {
  type: SessionChange
  /** With `signed-out`: `signed_out`, or why the server ended the session. */
  reason?: string
  user?: User
}

export type Client = ReturnType<typeof createClient>

/** A client of contract `account`: it holds one session, keeps it fresh, and shares it with others of its storage. */
export function createClient (options: ClientOptions) {
  const {
    baseUrl, storage = memoryStorage(), fetch = globalThis.fetch.bind(globalThis), clientName,
    origins = [new URL(baseUrl).origin], refreshAheadSeconds = 30, timeoutSeconds = 10, onError = () => {},
    now = Date.now
  } = options
  const disposing = new AbortController()
  const { signal: disposal } = disposing
  const listeners = new Set<(event: SessionEvent) => void>()
  const call = createTransport({ baseUrl, fetch, clientName, timeoutSeconds, disposal })
  const store = createSessionStore<User>({ storage, now, onError, onChange: announce })
  const { usable, renew } = createRefresher({ store, call, now, refreshAheadSeconds, disposal })
  const unsubscribe = storage.subscribe?.(() => { store.sync().catch(onError) })
  const ready = store.sync().then(() => {})

  function announce (type: SessionChange, user?: User, reason?: string): void {
    const event = { type, ...(user !== undefined && { user }), ...(reason !== undefined && { reason }) }
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        onError(error)
      }
    }
  }

  /** Keeps the tokens of a reply, if it has some. */
  async function keep<Data> (data: Data): Promise<Data> {
    const { token, refreshToken, expiresIn, user } = data as Partial<StoredSession<User>>
    if (token !== undefined && refreshToken !== undefined && expiresIn !== undefined && user !== undefined) {
      await store.begin({ token, refreshToken, expiresIn, storedAt: now(), user })
    }
    return data
  }

  const enter = <P extends PathOf<'POST'>> (path: P) => async (body: BodyOf<'POST', P>): Promise<DataOf<'POST', P>> =>
    keep(await call('POST', path, { body }) as DataOf<'POST', P>)

  async function request<M extends Method, P extends PathOf<M> & string> (
    method: M, path: P, { body, params = {}, query = {}, signal }: RequestOptions<BodyOf<M, P>> = {}
  ): Promise<DataOf<M, P>> {
    await ready
    const search = new URLSearchParams(query).toString()
    const target = path.replace(/\{(\w+)\}/g, (_match, name: string) => encodeURIComponent(String(params[name]))) +
      (search === '' ? '' : `?${search}`)
    const send = (token?: string) => call(method, target, { body, token, signal })
    const session = store.current === null ? null : await abortable(usable(), signal)
    try {
      return await keep(await send(session?.token) as DataOf<M, P>)
    } catch (error) {
      const isRefused = error instanceof KeyturnError && error.code === 'INVALID_TOKEN' && error.status === 401
      if (session === null || !isRefused) throw error
      const { token } = await abortable(renew(session.token), signal)
      return keep(await send(token) as DataOf<M, P>)
    }
  }

  return {
    /** Resolves when the storage was read; never rejects. */
    ready,

    /** The session, or `null` when signed out. */
    get session (): Session | null {
      const { current } = store
      return current === null ? null : { user: current.user, expiresAt: current.storedAt + current.expiresIn * 1000 }
    },

    /** Makes an account and signs in; where the address must be verified first, it resolves to that. */
    signUp: enter('/sign-up'),
    signIn: enter('/sign-in'),
    /** With the code of a mail that `request('POST', '/sign-in/code', …)` asked for. */
    signInWithCode: enter('/sign-in/code/verify'),
    /** With the token of a link from a mail. */
    signInWithLink: enter('/sign-in/link/verify'),
    /** Sets a new password with the code or the link of a mail; it signs nobody in. */
    resetPassword: enter('/password-reset/confirm'),

    /**
     * Asks any route of contract `account`, as the session if there is one. Tokens that it returns are kept.
     * @throws KeyturnError
     */
    request,
    /** As the global `fetch`, with the access token for the origins that may have it. */
    fetch: createAuthorizedFetch({ baseUrl, fetch, origins, ready, store, usable, renew }),

    /** Refreshes now. @throws KeyturnError */
    async refresh ({ signal }: { signal?: AbortSignal } = {}): Promise<Session> {
      await ready
      const { user, storedAt, expiresIn } = await abortable(renew(store.current?.token ?? ''), signal)
      return { user, expiresAt: storedAt + expiresIn * 1000 }
    },

    /** Calls the listener for every change from now on. @returns what ends that */
    onChange (listener: (event: SessionEvent) => void): () => void {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },

    /** Ends the session, here at once; the server is told once. Never rejects. */
    async signOut (): Promise<void> {
      await ready
      const { current } = store
      const erased = store.end('signed_out')
      if (current !== null) {
        const { refreshToken } = current
        await call('POST', '/sign-out', { body: { refreshToken }, keepalive: true }).catch(onError)
      }
      await erased
    },

    /** Ends what is under way: no timer and no listener remains. */
    dispose (this: void): void {
      unsubscribe?.()
      listeners.clear()
      disposing.abort(new KeyturnError({
        code: 'DISPOSED', reason: 'disposed', message: 'The client was disposed of', retryable: false
      }))
    }
  }
}
