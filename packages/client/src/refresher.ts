import { isFinal, KeyturnError, signedOut } from './errors.js'
import type { HeldSession, SessionUser, StoredSession, createSessionStore } from './session-store.js'
import type { Transport } from './transport.js'

export interface RefresherOptions<User extends SessionUser> {
  store: ReturnType<typeof createSessionStore<User>>
  call: Transport
  /** Milliseconds since 1970. */
  now: () => number
  refreshAheadSeconds: number
  /** Ends the waiting between tries. */
  disposal: AbortSignal
}

const maxTries = 5
/** Milliseconds from the first try to the start of the last. */
const maxRetryMs = 30_000
const firstDelayMs = 500
/** After a refresh ahead that failed, while the token is still good: not each request should wait for another. */
const pauseMs = 5_000

/** Keeps a session's access token good: one refresh at a time here, and no lock between tabs and processes. */
export function createRefresher<User extends SessionUser> (options: RefresherOptions<User>) {
  const { store, call, now, refreshAheadSeconds, disposal } = options
  let underWay: Promise<HeldSession<User>> | null = null
  let pausedUntil = -Infinity

  const goodFor = ({ heldSince, expiresIn }: HeldSession<User>) => heldSince + expiresIn * 1000 - performance.now()
  // A token that lives for less than twice that is used for half of its life.
  const isDue = (session: HeldSession<User>) =>
    goodFor(session) <= Math.min(refreshAheadSeconds, session.expiresIn / 2) * 1000

  function required (): HeldSession<User> {
    if (store.current === null) throw signedOut()
    return store.current
  }

  async function request (session: HeldSession<User>): Promise<void> {
    const begunIn = store.epoch
    const heldSince = performance.now()
    const { refreshToken } = session
    const data = await call('POST', '/refresh', { body: { refreshToken } }) as Partial<StoredSession>
    const { token, refreshToken: next, expiresIn } = data
    if (token === undefined || next === undefined || expiresIn === undefined) {
      throw new KeyturnError({ code: 'UNREADABLE', reason: 'unreadable', message: 'no tokens came', retryable: true })
    }
    const refreshed = { token, refreshToken: next, expiresIn, storedAt: now(), user: session.user }
    await store.commit(refreshed, heldSince, begunIn)
  }

  /** Tries until the session has another access token than that one. */
  async function run (stale: string, tries: number, deadline: number): Promise<HeldSession<User>> {
    await store.sync()
    const session = required()
    // Another tab was quicker; what it left may be due again.
    if (session.token !== stale && !isDue(session)) return session
    try {
      await request(session)
      return required()
    } catch (error) {
      disposal.throwIfAborted()
      if (isFinal(error)) {
        await store.sync()
        if (store.current?.refreshToken === session.refreshToken) await store.end(error.reason)
        if (store.current === null || tries === 1) throw error
        return run(stale, tries - 1, deadline)
      }
      const { retryAfter = 0 } = error as Partial<KeyturnError>
      const delayMs = Math.max(retryAfter * 1000, Math.random() * firstDelayMs * 2 ** (maxTries - tries + 1))
      if (tries === 1 || performance.now() + delayMs > deadline) throw error
      await delay(delayMs, disposal)
      return run(stale, tries - 1, deadline)
    }
  }

  /** Joins the refresh under way, or begins one. */
  function renew (stale: string, tries = maxTries): Promise<HeldSession<User>> {
    underWay ??= run(stale, tries, performance.now() + maxRetryMs).finally(() => { underWay = null })
    return underWay
  }

  /**
   * The session with a token that is good, refreshed ahead of its end. While it is still good, a refresh that fails is
   * no failure.
   * @throws KeyturnError `SIGNED_OUT`, or why there is no good token
   */
  async function usable (): Promise<HeldSession<User>> {
    const session = required()
    if (!isDue(session)) return session
    if (goodFor(session) <= 0) return renew(session.token)
    if (performance.now() < pausedUntil) return session
    try {
      return await renew(session.token, 1)
    } catch {
      pausedUntil = performance.now() + pauseMs
      return required()
    }
  }

  return { renew, usable }
}

function delay (ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal.addEventListener('abort', abort)
  })
}
