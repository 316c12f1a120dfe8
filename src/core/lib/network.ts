import ipaddr from 'ipaddr.js'

/** Bytes of an IPv6 address that name a customer's network; the rest is the customer's to choose (RFC 4291 2.5.1). */
const networkBytes = 8

/**
 * Whom an address stands for: itself in IPv4, its /64 in IPv6; `null` for none. An IPv4 address in IPv6's clothes is
 * the IPv4 address.
 */
export function networkOf (address: string | null): string | null {
  if (address === null) return null
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : `${Buffer.from(parsed.toByteArray().slice(0, networkBytes)).toString('hex')}/64`
}
