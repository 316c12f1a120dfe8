import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startServerProcess } from '../support/server-process.js'
import { embeddedFolder, postgresDatabase } from '../support/test-database.js'
import { until } from '../support/until.js'

const head = ['POST /api/auth/login HTTP/1.1', 'host: localhost', 'content-type: application/json', 'content-length: 9']

/** Begins a request and never finishes it, so that no listener can close in order. */
async function hangingRequest (t: Test, api: string): Promise<Socket> {
  const { hostname, port } = new URL(api)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(`${head.join('\r\n')}\r\n\r\n{`)
  return socket
}

async function environment (t: Test) {
  return { DATABASE_URL: await postgresDatabase(t), KEYTURN_SECRET: randomBytes(32).toString('base64url') }
}

t.test('a request under way is finished before the server stops, and no new one is taken', async t => {
  const server = await startServerProcess(t, { env: await environment(t) })
  const socket = await hangingRequest(t, server.api)
  server.kill('SIGTERM')
  const { port } = new URL(server.api)
  await until('the port is closed', async () => !await reaches(Number(port)))
  const reply = new Promise<string>(resolve => { socket.once('data', chunk => resolve(chunk.toString())) })
  socket.write('"email":')
  t.match(await reply, /^HTTP\/1\.1 400 /)
  socket.destroy()
  t.match(await server.ended, { code: 0 })
})

t.test('a connection on which nothing was asked does not hold up the stop', async t => {
  const server = await startServerProcess(t, { env: await environment(t) })
  const { hostname, port } = new URL(server.api)
  const socket = connect({ host: hostname, port: Number(port) })
  await once(socket, 'connect')
  const hungUp = once(socket, 'close')
  const began = performance.now()
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 0 })
  await hungUp
  t.ok(performance.now() - began < 5_000)
})

t.test('a second signal ends it at once, with exit code 1', async t => {
  const server = await startServerProcess(t, { env: await environment(t), counted: true })
  await hangingRequest(t, server.api)
  server.kill('SIGINT')
  await until('it is stopping', () => server.log.some(line => line.includes('"msg":"stopping"')))
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 1 })
})

t.test('a signal that npm passes on once more is the same request to stop', async t => {
  // For its clock the second signal comes at the moment of the first, however slow this machine is.
  const preload = 'data:text/javascript,performance.now=()=>0'
  const server = await startServerProcess(t, { env: await environment(t), counted: true, preload })
  const socket = await hangingRequest(t, server.api)
  server.kill('SIGINT')
  await until('it is stopping', () => server.log.some(line => line.includes('"msg":"stopping"')))
  server.kill('SIGINT')
  const reply = once(socket, 'data')
  socket.write('"email":')
  await reply
  socket.destroy()
  t.match(await server.ended, { code: 0 })
})

t.test('a stop that hangs is cut short after ten seconds, with exit code 1', async t => {
  // Its clock is twenty times as fast.
  const preload = 'data:text/javascript,const wait=setTimeout;globalThis.setTimeout=(work,ms)=>wait(work,ms/20)'
  const server = await startServerProcess(t, { env: await environment(t), counted: true, preload })
  await hangingRequest(t, server.api)
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 1, stdout: /"msg":"stopping"/ })
})

t.test('what keeps it from stopping in order is logged, and the exit code is 1', async t => {
  const DATA_DIR = await embeddedFolder(t)
  const server = await startServerProcess(t, { env: { DATA_DIR }, counted: true })
  await rm(`${DATA_DIR}/lock`)
  await mkdir(`${DATA_DIR}/lock`)
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 1, stdout: /"msg":"could not stop cleanly"/ })
})

function reaches (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => { socket.destroy(); resolve(true) }).once('error', () => resolve(false))
  })
}
