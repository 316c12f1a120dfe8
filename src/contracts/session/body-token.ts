import type { FastifyRequest } from 'fastify'
import type { ContractSettings } from '../../http/contract.js'

/**
 * What a response's `token` is: the access token, or `null` for a page of a browser where the operator wants it so
 * (`SESSION_TOKEN_IN_BODY`). The page is signed in by its cookie, which is HttpOnly: a script injected into it (OWASP,
 * cross-site scripting) then has no token to take away.
 */
export function bodyToken ({ sessionTokenInBody }: Pick<ContractSettings, 'sessionTokenInBody'>) {
  return (request: FastifyRequest, accessToken: string): string | null =>
    sessionTokenInBody === 'not-to-pages' && isFromPage(request) ? null : accessToken
}

/** A browser sends one of these with every POST of a page (Fetch 3.2, Fetch Metadata 2.4); no script can prevent it. */
function isFromPage ({ headers: { origin, 'sec-fetch-site': site } }: FastifyRequest): boolean {
  return origin !== undefined || site !== undefined
}
