import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { ClientInfo } from '../core/lib/client-info.js'

const maxUserAgentLength = 256

/** The address as TRUST_PROXY lets it be known, and what the client says it is, cut to a sensible length. */
export function clientInfoOf (request: FastifyRequest): ClientInfo {
  return {
    // What a trusted proxy forwards may be anything that its client made up.
    address: isIP(request.ip) === 0 ? null : request.ip,
    userAgent: request.headers['user-agent']?.slice(0, maxUserAgentLength) ?? null
  }
}
