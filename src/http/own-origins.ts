import type { FastifyRequest } from 'fastify'

/** The origins whose pages may use a person's cookies, besides the host that the request is for. */
export type OwnOrigins = ReadonlySet<string>

/** The issuer itself, and the pages that CORS lets in. */
export function ownOrigins (settings: { PUBLIC_URL: string, CORS_ORIGIN: readonly string[] }): OwnOrigins {
  return new Set([settings.PUBLIC_URL, ...settings.CORS_ORIGIN])
}

/** What `Sec-Fetch-Site` says of a page of our own, and of an address typed in. */
const ownSites = new Set(['same-origin', 'none'])

/**
 * Whether a browser says that the request comes from somebody else's page (OWASP, cross-site request forgery).
 * A client that sends neither header is no browser: nobody else can make it send a cookie.
 */
export function isForeign (request: FastifyRequest, own: OwnOrigins): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined) return !own.has(origin) && origin !== `${request.protocol}://${request.host}`
  return site !== undefined && !ownSites.has(String(site))
}
