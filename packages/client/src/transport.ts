import { KeyturnError } from './errors.js'

export interface TransportOptions {
  baseUrl: string
  fetch: typeof globalThis.fetch
  clientName: string | undefined
  timeoutSeconds: number
  /** Ends everything under way. */
  disposal: AbortSignal
}

export interface Call {
  body?: unknown
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** Whether it should outlive the page. */
  keepalive?: boolean
}

export type Transport = ReturnType<typeof createTransport>

/** Sends requests of contract `account` and reads its replies. */
export function createTransport ({ baseUrl, fetch, clientName, timeoutSeconds, disposal }: TransportOptions) {
  async function send (method: string, path: string, { body, token, keepalive = false }: Call, signal: AbortSignal) {
    const reply = await fetch(`${baseUrl.replace(/\/$/, '')}/api/account${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(clientName !== undefined && { 'x-client-name': toHeader(clientName) })
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
      cache: 'no-store',
      credentials: 'omit',
      keepalive
    })
    return dataOf(reply, await reply.text())
  }

  /**
   * @returns `data` of the reply
   * @throws KeyturnError; the reason of `signal` when it is aborted
   */
  return async function call (method: string, path: string, options: Call = {}): Promise<unknown> {
    const { signal } = options
    const attempt = new AbortController()
    const abort = () => attempt.abort()
    const timer = setTimeout(abort, timeoutSeconds * 1000)
    const signals = [disposal, signal]
    for (const each of signals) each?.addEventListener('abort', abort)
    if (signals.some(each => each?.aborted)) abort()
    const reply = send(method, path, options, attempt.signal).catch((cause: unknown) => {
      if (cause instanceof KeyturnError) throw cause
      signal?.throwIfAborted()
      disposal.throwIfAborted()
      throw new KeyturnError({
        code: attempt.signal.aborted ? 'TIMEOUT' : 'NETWORK',
        reason: 'unreachable',
        message: `${method} ${path}: no reply`,
        retryable: true,
        cause
      })
    })
    return reply.finally(() => {
      clearTimeout(timer)
      for (const each of signals) each?.removeEventListener('abort', abort)
    })
  }
}

/** Text of a header is UTF-8 here, and `fetch` takes one character for each byte. */
const toHeader = (text: string) => String.fromCharCode(...new TextEncoder().encode(text))

interface Envelope {
  success?: boolean
  data?: unknown
  error?: { code?: string, reason?: string, message?: string, retryable?: boolean }
}

function dataOf (reply: Response, text: string): unknown {
  const { status, ok } = reply
  const body = parse(text)
  if (ok && body !== null) return body.success === true ? body.data : body
  const retryAfter = Number(reply.headers.get('retry-after') ?? NaN)
  // What no JSON comes from is not Keyturn but something in between: a proxy, or the sign-in page of a network.
  const {
    code = 'UNREADABLE', reason = 'unreadable', message = `the reply is not Keyturn's (${status})`, retryable = true
  } = body?.error ?? {}
  throw new KeyturnError({
    code,
    reason,
    message,
    retryable: retryable || status === 429 || status >= 500,
    status,
    retryAfter: retryAfter >= 0 ? retryAfter : undefined
  })
}

function parse (text: string): Envelope | null {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
