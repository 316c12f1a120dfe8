import type { FastifyRequest } from 'fastify'
import type { ContractSettings } from './contract.js'
import { HttpFailure } from './failure.js'
import { isForeign, ownOrigins } from './own-origins.js'

/** RFC 6750 2.1; the scheme's name is matched without regard to case (RFC 9110 11.1). */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Reads the access token of a request, or `null`. */
export type AccessTokenSource = (request: FastifyRequest) => string | null

/**
 * Where a contract's clients put their access token: the bearer header, and the cookie if it has one. The header
 * takes precedence, since a browser adds the cookie by itself. For the same reason a state-changing request that is
 * authenticated by a cookie must not come from another origin (CSRF).
 * @throws HttpFailure `foreign_origin`, `cookie_repeated`, from the function that it returns
 */
export function accessTokenFrom (settings: ContractSettings, cookieName?: string): AccessTokenSource {
  const own = ownOrigins(settings)
  const repeated = cookieName === undefined ? undefined : twiceNamed(cookieName)
  return request => {
    const header = bearerTokenOf(request)
    if (header !== null) return header
    const cookie = cookieName === undefined ? undefined : request.cookies[cookieName]
    if (cookie === undefined || cookie === '') return null
    if (repeated?.test(String(request.headers.cookie)) === true) throw new HttpFailure('cookie_repeated')
    if (!safeMethods.has(request.method) && isForeign(request, own)) throw new HttpFailure('foreign_origin')
    return cookie
  }
}

/**
 * Finds a second cookie of a name. A page of a sibling domain can set one, and which of the two a server believes is
 * for the attacker to try (RFC 6265 8.6).
 */
const twiceNamed = (name: string) => new RegExp(`(?:^|;) *${name}=.*; *${name}=`)

/** The access token in the bearer header, which no browser adds by itself. */
export function bearerTokenOf (request: FastifyRequest): string | null {
  const [, token = null] = bearer.exec(request.headers.authorization ?? '') ?? []
  return token
}

/** Whether a request has its access token there. */
export function hasBearer (request: FastifyRequest): boolean {
  return bearerTokenOf(request) !== null
}

/** @throws HttpFailure `token_missing` */
export function requireToken (token: string | null): string {
  if (token === null) throw new HttpFailure('token_missing')
  return token
}
