import t from 'tap'
import { networkOf, shortenAddress } from '../../../src/core/lib/network.js'

t.test('an IPv4 address stands for itself, an IPv6 address for its /64, however it is written', async t => {
  for (const [address, network] of [
    ['198.51.100.7', '198.51.100.7'], ['::ffff:198.51.100.7', '198.51.100.7'], ['::ffff:c633:6407', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '20010db800010002/64'], ['2001:DB8:1:2::', '20010db800010002/64'],
    ['fe80::1%eth0', 'fe80000000000000/64'], ['::1', '0000000000000000/64']
  ] as const) t.equal(networkOf(address), network, address)
  t.equal(networkOf(null), null)
})

t.test('of an address is shown its /24, or in IPv6 its /48', async t => {
  for (const [address, network] of [
    ['198.51.100.77', '198.51.100.0/24'], ['::ffff:198.51.100.77', '198.51.100.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48']
  ] as const) t.equal(shortenAddress(address), network, address)
  t.equal(shortenAddress(null), null)
})
