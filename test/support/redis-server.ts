import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from './postgres-server.js'
import { until } from './until.js'

const paths = ['/usr/bin/redis-server', '/usr/bin/valkey-server']
const path = paths.find(path => existsSync(path))

/** The reason to skip a test, where there is neither. */
export const noRedis = path === undefined && `none of ${paths.join(', ')}; apt-get install redis-server`

/** Starts Redis or Valkey on loopback, without files; it does not outlive the test. */
export async function startRedis (t: Test): Promise<{ url: string, stop: () => Promise<void> }> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-redis-'))
  const server = spawn(path ?? '', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
    stdio: 'ignore'
  })
  const exited = once(server, 'exit')
  const stop = async () => {
    server.kill('SIGKILL')
    await exited
  }
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  await until('Redis answers', () => new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) }).once('error', () => resolve(false))
  }))
  return { url: `redis://127.0.0.1:${port}`, stop }
}
