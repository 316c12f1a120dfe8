import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { addressOf, clientInfoOf } from '../../src/http/client-info.js'

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

t.test('a client names its device in at most 64 characters that can be seen, in UTF-8 or Latin-1', async t => {
  const nameOf = (sent: string | undefined) =>
    clientInfoOf({ headers: { 'x-client-name': sent } } as unknown as FastifyRequest).deviceName
  const utf8 = (text: string) => Buffer.from(text).toString('latin1')
  const names: Array<[sent: string | undefined, name: string | null]> = [
    ['Work laptop', 'Work laptop'],
    [utf8(' Ann’s 📱\u202e\u200b '), 'Ann’s 📱'],
    ['caf\u00e9', 'café'],
    [utf8('📱'.repeat(100)), '📱'.repeat(64)],
    ['\u0001\u0085', null],
    ['', null],
    [undefined, null]
  ]
  for (const [sent, name] of names) t.equal(nameOf(sent), name, String(sent).slice(0, 30))
})
