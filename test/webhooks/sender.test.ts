import { createServer } from 'node:http'
import { setDefaultAutoSelectFamily, type AddressInfo } from 'node:net'
import t from 'tap'
import { createWebhookSender } from '../../src/webhooks/sender.js'
import { newReceiver } from '../support/receiver.js'

const open = createWebhookSender({ allowsLoopback: true })
const strict = createWebhookSender({ allowsLoopback: false })
const headers = { 'content-type': 'application/json' }

t.test('an address that is not public is refused, in every spelling', async t => {
  for (const url of [
    'https://127.0.0.1/', 'https://[::1]/', 'https://10.1.2.3/', 'https://192.168.0.1/', 'https://169.254.169.254/',
    'https://[fd00::1]/', 'https://[fe80::1]/', 'https://[::ffff:10.0.0.1]/', 'https://0.0.0.0/', 'https://2130706433/',
    'https://0x7f.1/', 'https://100.64.0.1/', 'https://224.0.0.1/', 'http://example.com/', 'http://127.0.0.1/',
    'ftp://example.com/', 'https://user@example.com/', 'https://:secret@example.com/'
  ]) {
    t.throws(() => strict.check(url), { message: /webhook/ }, url)
    await t.rejects(async () => strict.send({ url, headers, body: '' }), { message: /webhook/ }, url)
  }
  for (const url of ['https://example.com/', 'https://1.1.1.1/', 'https://[2606:4700::1111]/']) {
    t.doesNotThrow(() => strict.check(url), url)
  }
  t.doesNotThrow(() => open.check('http://localhost:8080/'))
  t.throws(() => open.check('http://example.com/'))
  t.throws(() => open.check('http://1.1.1.1/'))
  t.throws(() => open.check('https://10.0.0.1/'))
})

t.test('a name that resolves to such an address is refused when it is connected to', async t => {
  await t.rejects(strict.send({ url: 'https://localhost:1/', headers, body: '' }), { message: /not sent to loopback/ })
  await t.rejects(strict.send({ url: 'https://name.invalid/', headers, body: '' }), { code: /ENOTFOUND|EAI_AGAIN/ })
})

t.test('what is sent arrives, and the status comes back', async t => {
  const { url, received } = await newReceiver(t, response => response.writeHead(202).end('thanks'))
  t.equal(await open.send({ url, headers, body: '{"é":1}' }), 202)
  t.match(received, [{ headers: { ...headers, 'content-length': '8' }, body: '{"é":1}' }])
  const port = new URL(url).port
  t.equal(await open.send({ url: `http://localhost:${port}/`, headers, body: '' }), 202, 'also by its name')
})

t.test('also where Node.js asks for one address only', async t => {
  const { url } = await newReceiver(t)
  setDefaultAutoSelectFamily(false)
  t.teardown(() => setDefaultAutoSelectFamily(true))
  t.equal(await open.send({ url: `http://localhost:${new URL(url).port}/`, headers, body: '' }), 204)
})

t.test('redirects are not followed, and of a long reply a part is read', async t => {
  const target = await newReceiver(t)
  const redirecting = await newReceiver(t, response => response.writeHead(302, { location: target.url }).end())
  t.equal(await open.send({ url: redirecting.url, headers, body: '' }), 302)
  t.equal(target.received.length, 0)

  let written = 0
  const server = createServer((_request, response) => {
    response.writeHead(200)
    const write = () => {
      for (;;) {
        written += 10_000
        if (!response.write('x'.repeat(10_000))) break
      }
    }
    response.on('drain', write)
    write()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  t.equal(await open.send({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, headers, body: '' }), 200)
  t.ok(written < 50_000_000)
})

t.test('a receiver that says nothing is left', async t => {
  const { url } = await newReceiver(t, response => response.destroy())
  await t.rejects(open.send({ url, headers, body: '' }), { code: 'ECONNRESET' })
  const impatient = createWebhookSender({ allowsLoopback: true, timeoutMs: 50 })
  const silent = await newReceiver(t, () => {})
  await t.rejects(impatient.send({ url: silent.url, headers, body: '' }), { name: 'AbortError' })
})
