import type { Test } from 'tap'
import { createClient, memoryStorage, type ClientOptions, type SessionEvent } from '../../src/index.js'

export const baseUrl = 'https://auth.example.com'
export const user = { id: 'user_1', email: 'ann@example.com' }

/** Tokens as the server sends them. */
export const tokens = (n: number, more: object = {}) =>
  ({ token: `token-${n}`, refreshToken: `refresh-${n}`, expiresIn: 600, refreshExpiresIn: 3600, ...more })

export const ok = (data: object, status = 200) => Response.json({ success: true, data }, { status })

export function refused (status: number, code: string, reason: string, headers: Record<string, string> = {}) {
  const error = { code, reason, message: code, retryable: status >= 429 }
  return Response.json({ success: false, error }, { status, headers })
}

/** What the server refuses for good. */
export const ended = (reason: string) => refused(401, 'INVALID_REFRESH_TOKEN', reason)

export interface Sent {
  url: string
  path: string
  method: string | undefined
  bearer: string | undefined
  body: unknown
}

type Answer = (sent: Sent, signal: AbortSignal) => Response | Promise<Response>

/** A `fetch` whose replies a test writes: each request takes the next one. */
export function fakeServer (...answers: Answer[]) {
  const sent: Sent[] = []
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(input, init)
    const text = await request.text()
    const { pathname } = new URL(request.url)
    const one: Sent = {
      url: request.url,
      path: pathname.replace('/api/account', ''),
      method: init.method,
      bearer: request.headers.get('authorization')?.replace('Bearer ', ''),
      body: text.startsWith('{') ? JSON.parse(text) : text
    }
    sent.push(one)
    const answer = answers.shift()
    if (answer === undefined) throw new Error(`unexpected ${one.path}`)
    return answer(one, request.signal)
  }
  return { fetch, sent, answers, paths: () => sent.map(({ path }) => path) }
}

export const lost: Answer = () => { throw new TypeError('fetch failed') }

/** Never answers; ends when it is aborted. */
export const silent: Answer = (_sent, signal) => new Promise((_resolve, reject) => {
  signal.throwIfAborted()
  signal.addEventListener('abort', () => reject(signal.reason as Error))
})

/** Lets the monotonic clock and the wall clock jump, and retries come at once. */
export function quickClock (t: Test) {
  let ahead = 0
  const read = performance.now.bind(performance)
  t.intercept(performance, 'now', { value: () => read() + ahead })
  t.intercept(Math, 'random', { value: () => 0 })
  return {
    /** Seconds. */
    advance: (seconds: number) => { ahead += seconds * 1000 },
    now: () => Date.now() + ahead
  }
}

/** A client over a fake server, which is disposed of after the test. */
export function clientOf (t: Test, server: ReturnType<typeof fakeServer>, more: Partial<ClientOptions> = {}) {
  const events: SessionEvent[] = []
  const errors: unknown[] = []
  const client = createClient({
    baseUrl, fetch: server.fetch, onError: error => errors.push(error), ...more
  })
  client.onChange(event => events.push(event))
  t.teardown(client.dispose)
  return { client, events, errors, types: () => events.map(({ type }) => type) }
}

/** The same, signed in with the first tokens. */
export async function signedIn (t: Test, answers: Answer[], more: Partial<ClientOptions> = {}) {
  const server = fakeServer(() => ok({ ...tokens(1), user }), ...answers)
  const storage = more.storage ?? memoryStorage()
  const all = clientOf(t, server, { ...more, storage })
  await all.client.signIn({ email: user.email, password: 'x' })
  return { ...all, server, storage }
}
