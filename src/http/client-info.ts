import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { ClientInfo } from '../core/lib/client-info.js'

const maxUserAgentLength = 256

/** The address, from trusted proxies as TRUST_PROXY says, and the user agent, truncated. */
export function clientInfoOf (request: FastifyRequest): ClientInfo {
  return {
    // A trusted proxy may forward any text that its client sent.
    address: isIP(request.ip) === 0 ? null : request.ip,
    userAgent: request.headers['user-agent']?.slice(0, maxUserAgentLength) ?? null
  }
}
