import ipaddr from 'ipaddr.js'

/** Bytes of an IPv6 address that name a customer's network; the rest is the customer's to choose (RFC 4291 2.5.1). */
const networkBytes = 8

/**
 * The network of an address: itself in IPv4, its /64 in IPv6; `null` for none. IPv4-mapped IPv6 addresses count as
 * IPv4.
 */
export function networkOf (address: string | null): string | null {
  if (address === null) return null
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : `${Buffer.from(parsed.toByteArray().slice(0, networkBytes)).toString('hex')}/64`
}
