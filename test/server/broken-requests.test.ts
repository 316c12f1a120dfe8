import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { isRefusal } from '../support/api-routes.js'
import { build } from '../support/build.js'
import { post } from '../support/http.js'
import { registered } from '../support/people.js'
import { readReply, sendBytes } from '../support/raw-http.js'

/* What is not HTTP enough to reach a route: told so in the shape of the first contract, and hung up on. */

async function setUp (t: Test) {
  const server = await build(t, {
    settings: { listen: contractNames.map(name => ({ host: '127.0.0.1', port: 0, contracts: [name] })) }
  })
  return { server, urls: contractNames.map((name, index) => [name, server.addresses[index] ?? ''] as const) }
}

/** `sendBytes` resolves when the server hangs up; that it does is part of the promise. */
async function isRefused (
  t: Test, [contract, url]: readonly [ContractName, string], bytes: string, statuses: number | number[],
  options: { half?: boolean } = {}
): Promise<string> {
  const text = await sendBytes(url, bytes, options)
  const reply = readReply(text)
  t.ok([statuses].flat().includes(reply.status), `${JSON.stringify(bytes.slice(0, 60))}: ${reply.status}`)
  t.equal(reply.headers.get('connection'), 'close')
  t.equal(reply.headers.get('content-length'), String(reply.text.length), 'one reply, and nothing after it')
  isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') ?? null })
  return reply.text
}

const post201 = 'POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

const malformed = {
  'no request line': 'GARBAGE\r\n\r\n',
  'a request line of binary': '\u0000\u0001\u0002\u0003\r\n\r\n',
  'a TLS handshake': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'HTTP/2 without asking': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown method': 'STEAL /api/auth/login HTTP/1.1\r\nHost: x\r\n\r\n',
  'a method in lower case': 'post /api/auth/login HTTP/1.1\r\nHost: x\r\n\r\n',
  'an unknown version': 'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
  'another protocol': 'GET / ICE/1.0\r\n\r\n',
  'a header without a colon': 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n',
  'a header without a name': 'GET / HTTP/1.1\r\nHost: x\r\n: nonsense\r\n\r\n',
  'a space before the colon': `${post201}Content-Length : 2\r\n\r\n{}`,
  'a NUL in a header': 'GET / HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n',
  'a bare CR in a header': 'GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n',
  'a folded header': `${post201}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  'a length that is no number': `${post201}Content-Length: two\r\n\r\n{}`,
  'a negative length': `${post201}Content-Length: -2\r\n\r\n{}`,
  'a length with a sign': `${post201}Content-Length: +2\r\n\r\n{}`,
  'a length beyond all': `${post201}Content-Length: 99999999999999999999\r\n\r\n{}`,
  'two lengths': `${post201}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `,
  'two equal lengths': `${post201}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
  'a list of lengths': `${post201}Content-Length: 2, 3\r\n\r\n{} `,
  'a length and chunks': `${post201}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  'chunks and a length': `${post201}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  'chunks that are not the last coding': `${post201}Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  'a chunk size that is no number': `${post201}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`,
  'a chunk longer than its size': `${post201}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  'line ends without CR': `${post201}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n`
}

t.test('a request that is not HTTP is a 400', async t => {
  const { server, urls } = await setUp(t)
  for (const url of urls) {
    for (const [name, bytes] of Object.entries(malformed)) {
      t.notMatch(await isRefused(t, url, bytes, 400), 'GARBAGE', `${url[0]}: ${name}, which is not repeated`)
    }
  }
  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

t.test('a request that names no host is a 400 (RFC 9112 3.2)', async t => {
  const { urls } = await setUp(t)
  for (const [, url] of urls) {
    t.match(await sendBytes(url, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /)
  }
})

t.test('a request that ends in the middle is a 400', async t => {
  const { urls } = await setUp(t)
  for (const url of urls) {
    for (const bytes of [
      'G', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n', `${post201}Content-Length: 100\r\n\r\n{"username":"`,
      `${post201}Transfer-Encoding: chunked\r\n\r\n10\r\n{`
    ]) {
      await isRefused(t, url, bytes, 400, { half: true })
    }
  }
})

t.test('headers that are too large are a 431', async t => {
  const { urls } = await setUp(t)
  for (const url of urls) {
    await isRefused(t, url, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431)
    await isRefused(t, url, `GET / HTTP/1.1\r\nHost: x\r\n${'X-Padding: xxxxxxxxxx\r\n'.repeat(1000)}\r\n`, 431)
    await isRefused(t, url, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431)
  }
})

t.test('an expectation that cannot be met is a 417, or is ignored (RFC 9110 10.1.1)', async t => {
  const { urls } = await setUp(t)
  for (const [, url] of urls) {
    t.match(await sendBytes(url,
      'GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: the unexpected\r\nConnection: close\r\n\r\n'
    ), /^HTTP\/1\.1 (?:404|417) /)
  }
})

t.test('what follows a broken request on the connection is not served', async t => {
  const { urls: [[, url] = ['', '']] } = await setUp(t)
  const smuggled = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  for (const broken of ['GARBAGE\r\n\r\n', malformed['a length and chunks'], malformed['two lengths']]) {
    const text = await sendBytes(url, broken + smuggled)
    t.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
    t.match(text, /^HTTP\/1\.1 400 /)
  }
})

t.test('a client that resets the connection affects no other', async t => {
  const server = await build(t)
  await Promise.all(Array.from({ length: 20 }, async () => {
    const { hostname, port } = new URL(server.api)
    const socket = connect({ host: hostname, port: Number(port) })
    await new Promise(resolve => socket.once('connect', resolve))
    socket.write(`${post201}Content-Length: 1000\r\n\r\n{`)
    await new Promise(resolve => socket.once('close', resolve).resetAndDestroy())
  }))
  const person = await registered(server.api)
  t.equal((await post(`${server.api}/api/auth/login`, person)).status, 200)
  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

t.test('two Host headers are refused, whichever a proxy would believe', async t => {
  const { urls: [first] } = await setUp(t)
  const [, url] = first ?? ['', '']
  const head = 'GET /openapi.json HTTP/1.1\r\nConnection: close\r\n'
  t.equal(readReply(await sendBytes(url, `${head}Host: a\r\n\r\n`)).status, 200)
  for (const hosts of ['Host: a\r\nHost: b\r\n', 'HOST: a\r\nhost: a\r\n']) {
    t.equal(readReply(await sendBytes(url, `${head}${hosts}\r\n`)).status, 400)
  }
})
