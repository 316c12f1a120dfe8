/** What a partner needs to know of its issuer. */
export interface Metadata {
  jwksUri: string
  introspectionEndpoint: string
  tokenEndpoint: string
}

export interface IssuerOptions {
  issuer: string
  clientId: string
  clientSecret: string
  fetch: typeof globalThis.fetch
}

/** Of a reply in JSON. */
export type Members = Record<string, string | number | boolean | object | undefined>

export interface Reply {
  status: number
  body: Members
}

export type Issuer = ReturnType<typeof createIssuer>

const timeoutMs = 5_000
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Speaks with the issuer as a client of it: metadata (RFC 8414), and requests with its secret (RFC 6749 2.3.1). */
export function createIssuer ({ issuer, clientId, clientSecret, fetch }: IssuerOptions) {
  const { protocol, hostname } = new URL(issuer)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback.test(hostname))) {
    throw new Error(`issuer: ${issuer} must begin with https://, on this machine also http://`)
  }
  const authorization = `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`
  let known: Promise<Metadata> | null = null

  /** @throws Error when no JSON comes in time */
  async function send (url: string, init: RequestInit = {}, ms = timeoutMs): Promise<Reply> {
    const reply = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ms), ...init })
    const body = await reply.json() as Members
    return { status: reply.status, body }
  }

  function required (url: string, { status, body }: Reply): Members {
    if (status === 200) return body
    throw new Error(`${url}: ${status} ${JSON.stringify(body)}`)
  }

  async function discover (): Promise<Metadata> {
    const { origin, pathname } = new URL(issuer)
    const url = `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
    const body = required(url, await send(url))
    const {
      issuer: named, jwks_uri: jwksUri, introspection_endpoint: introspectionEndpoint, token_endpoint: tokenEndpoint
    } = body as Record<string, string>
    if (named !== issuer) throw new Error(`${url} is of the issuer ${named}: set issuer to that, to the letter`)
    if (jwksUri === undefined) throw new Error(`${url} has no jwks_uri: tokens are signed with a shared secret`)
    return { jwksUri, introspectionEndpoint: String(introspectionEndpoint), tokenEndpoint: String(tokenEndpoint) }
  }

  return {
    send,

    /** The issuer's metadata, read once. @throws Error when it cannot be read, or is of another issuer */
    metadata (): Promise<Metadata> {
      known ??= discover().catch((error: unknown) => {
        known = null
        throw error
      })
      return known
    },

    /** @throws Error unless the reply is 200 */
    async post (url: string, parameters: Record<string, string>): Promise<Members> {
      const body = new URLSearchParams(parameters)
      return required(url, await send(url, { method: 'POST', headers: { authorization }, body }))
    },

    /** @param ms how long the reply may take */
    async postJson (url: string, value: object, ms?: number, signal?: AbortSignal): Promise<Reply> {
      const headers = { authorization, 'content-type': 'application/json' }
      const signals = [AbortSignal.timeout(ms ?? timeoutMs), ...signal === undefined ? [] : [signal]]
      return send(url, { method: 'POST', headers, body: JSON.stringify(value), signal: AbortSignal.any(signals) })
    },

    getJson: (url: string): Promise<Reply> => send(url, { headers: { authorization } })
  }
}
