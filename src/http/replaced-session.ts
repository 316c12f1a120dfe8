import type { FastifyRequest } from 'fastify'
import type { Core } from '../core/index.js'
import { clientInfoOf } from './client-info.js'

/**
 * Returns what ends, after a sign-in, the session whose cookie the sign-in has just replaced: its browser cannot reach
 * it any more, and a copy of its cookie could (OWASP ASVS 7.2.4).
 */
export function endReplacedSession (core: Core, cookieName: string) {
  return async function endReplaced (request: FastifyRequest): Promise<void> {
    const token = request.cookies[cookieName]
    if (token !== undefined) await core.sessions.signOut.byAccessToken(token, clientInfoOf(request))
  }
}
