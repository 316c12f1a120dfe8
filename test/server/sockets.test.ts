import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { cutUnreadReplies, type UnreadReplyLimits } from '../../src/server/unread-replies.js'
import { build } from '../support/build.js'
import { post } from '../support/http.js'
import { newPerson } from '../support/people.js'

/** More than a connection holds by itself. */
const whole = 64 * 1024 * 1024

/** A server of large replies that cuts those that are not read. */
async function largeReplies (t: Test, limits: UnreadReplyLimits) {
  const server = createServer((_request, response) => { response.end(Buffer.alloc(whole)) })
  cutUnreadReplies(server, limits)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  return async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {}).pause()
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    t.teardown(() => socket.destroy())
    return socket
  }
}

/** Reads on and counts what there still is. */
async function readAll (socket: Socket): Promise<number> {
  let bytes = 0
  socket.on('data', (chunk: Buffer) => { bytes += chunk.length }).resume()
  await once(socket, 'close')
  return bytes
}

t.test('a reply that is not read is cut, one that is read arrives', async t => {
  const request = await largeReplies(t, { maxMs: 1_500, maxBytes: 1e9 })
  const unread = await request()
  const read = await request()
  let bytes = 0
  read.on('data', (chunk: Buffer) => { bytes += chunk.length }).resume()
  await new Promise(resolve => { setTimeout(resolve, 3_500) })
  t.ok(bytes >= whole, 'the one that was read is whole')
  t.notOk(read.destroyed, 'and its connection stays open')
  t.ok(await readAll(unread) < whole)
})

t.test('of many unread replies only as many are kept as memory allows, and the oldest go first', async t => {
  const request = await largeReplies(t, { maxMs: 60_000, maxBytes: 2.5 * whole })
  const old = [await request(), await request()]
  await new Promise(resolve => { setTimeout(resolve, 1_200) })
  const young = [await request(), await request()]
  await new Promise(resolve => { setTimeout(resolve, 1_500) })
  for (const socket of old) t.ok(await readAll(socket) < whole)
  for (const socket of young) t.notOk(socket.destroyed)
})

t.test('silent and slow connections are closed when their time is over, and others are served meanwhile', async t => {
  const { api } = await build(t)
  const { hostname, port } = new URL(api)
  const open = (bytes: string) => {
    const socket = connect(Number(port), hostname).on('error', () => {}).resume()
    const since = performance.now()
    if (bytes !== '') socket.write(bytes)
    t.teardown(() => socket.destroy())
    return once(socket, 'close').then(() => performance.now() - since)
  }
  const head = 'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const closings = { silent: open(''), header: open(head), body: open(`${head}Content-Length: 99\r\n\r\n{`) }
  t.equal((await post(`${api}/api/auth/register`, newPerson())).status, 201)
  // 10 s for the headers, 15 s for the whole request, and up to 2 s until that is noticed.
  const limits = { silent: 13_000, header: 13_000, body: 18_000 }
  for (const [kind, closing] of Object.entries(closings)) {
    const ms = await closing
    t.ok(ms <= limits[kind as keyof typeof limits], `${kind}: ${Math.round(ms)} ms`)
  }
})

t.test('beyond MAX_CONNECTIONS a connection is closed at once', async t => {
  const { api } = await build(t, { settings: { maxConnections: 2 } })
  const { hostname, port } = new URL(api)
  const open = () => {
    const socket = connect(Number(port), hostname).on('error', () => {}).resume()
    t.teardown(() => socket.destroy())
    return socket
  }
  const kept = [open(), open()]
  await Promise.all(kept.map(socket => once(socket, 'connect')))
  await once(open(), 'close')
  for (const socket of kept) t.notOk(socket.destroyed)
})
