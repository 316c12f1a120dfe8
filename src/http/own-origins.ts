import type { FastifyRequest } from 'fastify'

/** The origins whose pages may send a user's cookies, besides the host of the request itself. */
export interface OwnOrigins {
  origins: ReadonlySet<string>
  /** Whether pages of plain HTTP are never our own, whatever the protocol of the request behind a proxy. */
  isHttpsOnly: boolean
}

/** The issuer itself, and the pages that CORS lets in. */
export function ownOrigins ({ issuer, corsOrigins }: { issuer: string, corsOrigins: readonly string[] }): OwnOrigins {
  return { origins: new Set([issuer, ...corsOrigins]), isHttpsOnly: issuer.startsWith('https:') }
}

/** `Sec-Fetch-Site` for a page of our own, and for an address typed in. */
const ownSites = new Set(['same-origin', 'none'])

/**
 * Whether the browser says that the request comes from a page of another origin (OWASP, cross-site request forgery).
 * A client that sends neither header is not a browser: no page can make it send a cookie.
 */
export function isForeign (request: FastifyRequest, own: OwnOrigins): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && own.origins.has(origin)) return false
  if (origin !== undefined) {
    return origin !== `${request.protocol}://${request.host}` || (own.isHttpsOnly && origin.startsWith('http:'))
  }
  return site !== undefined && !ownSites.has(String(site))
}
