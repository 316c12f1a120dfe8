import { isUtf8 } from 'node:buffer'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { ClientInfo } from '../core/lib/client-info.js'
import { deviceTokenOf } from './known-device.js'

const maxUserAgentLength = 256
const maxDeviceNameLength = 64

/** The longest address there is, without a zone, which names an interface of the sender's own machine (RFC 4007 11). */
const longestAddress = 45

/** The client's address, or `null`: a trusted proxy may forward any text that its client sent. */
export function addressOf (request: FastifyRequest): string | null {
  // Of a connection that was reset there is none, whatever the type says.
  const ip = request.ip as string | undefined
  const [address = ''] = ip?.split('%', 1) ?? []
  return address.length > longestAddress || isIP(address) === 0 ? null : address
}

/**
 * What the client calls its device, in the header `X-Client-Name`, or `null`. Text in a header is UTF-8 in practice
 * (RFC 9110 5.5), which Node reads as Latin-1.
 */
function deviceNameOf ({ headers }: FastifyRequest): string | null {
  const sent = headers['x-client-name']
  if (typeof sent !== 'string') return null
  const bytes = Buffer.from(sent, 'latin1')
  const text = isUtf8(bytes) ? bytes.toString() : sent
  const name = [...text.replaceAll(/\p{C}/gu, '').trim()].slice(0, maxDeviceNameLength).join('')
  return name === '' ? null : name
}

/** The address, from trusted proxies as TRUST_PROXY says, the user agent, truncated, and what else the client says. */
export function clientInfoOf (request: FastifyRequest): ClientInfo {
  return {
    address: addressOf(request),
    userAgent: request.headers['user-agent']?.replaceAll(/\p{Cc}/gu, '').slice(0, maxUserAgentLength) ?? null,
    deviceName: deviceNameOf(request),
    deviceToken: deviceTokenOf(request),
    actor: 'user'
  }
}
