import ipaddr from 'ipaddr.js'

/**
 * Bits of an IPv6 address that name a network: a subnet (RFC 4291 2.5.1), and the two sizes that providers give to one
 * customer (RFC 6177), who can choose among all subnets in them.
 */
const prefixLengths = [64, 56, 48] as const

const bitsPerByte = 8

/**
 * The networks that an address is in, from the narrowest: in IPv4 only itself, in IPv6 its /64, /56 and /48; none for
 * no address. IPv4-mapped IPv6 addresses count as IPv4.
 */
export function networksOf (address: string | null): string[] {
  if (address === null) return []
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return [parsed.toString()]
  return prefixLengths.map(length =>
    `${Buffer.from(parsed.toByteArray().slice(0, length / bitsPerByte)).toString('hex')}/${length}`)
}

/** The narrowest network of an address, or `null` for no address. */
export function networkOf (address: string | null): string | null {
  return networksOf(address)[0] ?? null
}

/** Bits of an address that are shown of it: those of a provider's network, not of a house. */
const shownPrefix = { ipv4: 24, ipv6: 48 } as const

/** The /24 of an address, or in IPv6 its /48, as text; `null` for no address. */
export function shortenAddress (address: string | null): string | null {
  if (address === null) return null
  const parsed = ipaddr.process(address)
  const length = shownPrefix[parsed.kind()]
  const network = parsed.kind() === 'ipv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(`${parsed.toString()}/${length}`)
    : ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${length}`)
  return `${network.toString()}/${length}`
}

/** The widest network of an address, which one customer of a provider has at most; `null` for no address. */
export function customerNetworkOf (address: string | null): string | null {
  return networksOf(address).at(-1) ?? null
}
