import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { addressOf } from '../../src/http/client-info.js'

const of = (ip: string | undefined) => addressOf({ ip } as FastifyRequest)

t.test('an address is kept without the zone that its sender gave it, and what is none is nothing', async t => {
  const addresses: Array<[ip: string | undefined, address: string | null]> = [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [`fe80::1%${'z'.repeat(4_000)}`, 'fe80::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['unknown', null],
    ['192.0.2.1, 198.51.100.1', null],
    ['', null],
    [undefined, null]
  ]
  for (const [ip, address] of addresses) t.equal(of(ip), address, String(ip).slice(0, 30))
})
