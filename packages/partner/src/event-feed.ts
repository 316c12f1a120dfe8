import { setTimeout as delay } from 'node:timers/promises'
import type { JWTPayload } from 'jose'
import { InvalidToken } from './invalid-token.js'
import type { Issuer, Reply } from './issuer.js'

export interface EventFeedOptions {
  issuer: string
  source: Issuer
  verifyEvent: (token: string) => Promise<JWTPayload>
  /** Called with the subject of each event (RFC 9493, SSF 1.0, section 3). */
  apply: (subject: EventSubject) => void
  onError: (error: unknown) => void
}

/** The reply to a poll (RFC 8936 2.4). */
interface Page {
  sets: Record<string, string>
  moreAvailable?: boolean
}

/** As it is in an event: an account, or an account and a session of it. */
interface SubjectIdentifier {
  sub?: string
  user?: { sub?: string }
  session?: { id?: string }
}

/** Whom an event is about: a session, or an account with all its sessions. */
export interface EventSubject {
  account?: string | undefined
  session?: string | undefined
}

export type FeedState = 'current' | 'stale' | 'off'

/** A poll waits for up to ten seconds at Keyturn. */
const pollTimeoutMs = 12_000
/** A feed that was silent for so long says nothing about sessions any more. */
const maxSilenceMs = 15_000
/** Little enough for a sign-out to be noticed within a second of the issuer's return. */
const [firstRetryMs, maxRetryMs] = [100, 500]
/** Between polls that bring nothing: an issuer may not know how to wait. */
const emptyPollMs = 250

/** Polls the issuer's event stream (RFC 8936) until it is closed; each poll acknowledges what the last one brought. */
export function createEventFeed ({ issuer, source, verifyEvent, apply, onError }: EventFeedOptions) {
  const closing = new AbortController()
  let polledAt = -Infinity
  let lastEventAt: Date | null = null
  let isOff = false

  const ok = (what: string, { status, body }: Reply) => {
    if (status >= 300) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** The address to poll, of the client's stream, which is made where there is none. */
  async function endpoint (): Promise<string | null> {
    const { origin, pathname } = new URL(issuer)
    const found = await source.send(`${origin}/.well-known/ssf-configuration${pathname.replace(/\/$/, '')}`)
    if (found.status === 404) return null
    const { configuration_endpoint: url } = ok('the configuration of events', found) as Record<string, string>
    if (url === undefined) return null
    const made = await source.postJson(url, {})
    const [stream] = made.status === 409
      ? ok('the event stream', await source.getJson(url)) as unknown as Array<Record<string, unknown>>
      : [ok('the event stream', made)]
    return String((stream?.delivery as { endpoint_url?: string } | undefined)?.endpoint_url)
  }

  async function take (token: string): Promise<void> {
    const { sub_id: subject } = await verifyEvent(token) as { sub_id?: SubjectIdentifier }
    apply({ account: subject?.user?.sub ?? subject?.sub, session: subject?.session?.id })
    lastEventAt = new Date()
  }

  /** @returns what the next poll is to acknowledge, and whether there is more */
  async function poll (url: string, done: object, isBehind: boolean) {
    const reply = await source.postJson(url, { ...done, returnImmediately: isBehind }, pollTimeoutMs, closing.signal)
    const { sets, moreAvailable = false } = ok('events', reply) as unknown as Page
    const ack: string[] = []
    const setErrs: Record<string, { err: string, description: string }> = {}
    for (const [id, token] of Object.entries(sets)) {
      await take(token).then(() => ack.push(id), (error: unknown) => {
        // What cannot be decided now comes again with the next poll.
        if (error instanceof InvalidToken && error.reason === 'unavailable') throw error
        onError(error)
        setErrs[id] = { err: 'authentication_failed', description: String(error) }
      })
    }
    return { done: { ack, setErrs }, isBehind: moreAvailable, isEmpty: Object.keys(sets).length === 0 }
  }

  const pause = (ms: number) => delay(Math.max(0, ms), undefined, { signal: closing.signal }).catch(() => {})

  async function run (): Promise<void> {
    let url: string | null = null
    let state = { done: {}, isBehind: true, isEmpty: true }
    for (let failures = 0; !closing.signal.aborted;) {
      try {
        url ??= await endpoint()
        if (url === null) {
          isOff = true
          return
        }
        const since = performance.now()
        state = await poll(url, state.done, state.isBehind)
        failures = 0
        if (!state.isBehind) polledAt = performance.now()
        if (state.isEmpty) await pause(emptyPollMs - (performance.now() - since))
      } catch (error) {
        if (closing.signal.aborted) return
        onError(error)
        state.isBehind = true
        const retryMs = Math.min(maxRetryMs, firstRetryMs * 2 ** failures++)
        await pause(retryMs * (0.5 + Math.random() / 2))
      }
    }
  }

  const running = run()

  return {
    get state (): FeedState {
      if (isOff) return 'off'
      return performance.now() - polledAt < maxSilenceMs ? 'current' : 'stale'
    },
    get lastEventAt (): Date | null {
      return lastEventAt
    },
    async close (): Promise<void> {
      closing.abort()
      await running
    }
  }
}
