import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { send } from './http.js'
import { freePort } from './postgres-server.js'
import { until } from './until.js'

const path = '/usr/sbin/haproxy'

/** The reason to skip a test, where there is none. */
export const noHaproxy = !existsSync(path) && `no ${path}; apt-get install haproxy`

interface Behind {
  port: number
  opsPort: number
}

/** Spreads requests over instances that say at `/readyz` of their ops port that they can answer. */
export async function startHaproxy (t: Test, instances: readonly Behind[]): Promise<string> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-haproxy-'))
  const config = join(folder, 'haproxy.cfg')
  await writeFile(config, [
    'defaults', ' mode http', ' timeout connect 20s', ' timeout client 20s', ' timeout server 20s', ' retries 3',
    // An instance that is only slow, on a busy machine, is not one that says that it leaves.
    ' timeout check 20s',
    ' option redispatch', ' retry-on conn-failure empty-response',
    'frontend all', ` bind 127.0.0.1:${port}`, ' default_backend keyturn',
    'backend keyturn', ' balance roundrobin', ' option httpchk GET /readyz',
    ...instances.map(({ port, opsPort }, n) =>
      ` server i${n} 127.0.0.1:${port} check port ${opsPort} inter 100ms fall 1 rise 1`),
    ''
  ].join('\n'))
  const child = spawn(path, ['-db', '-f', config], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  await until('haproxy has an instance', async () =>
    (await send(`${url}/openapi.json`).catch(() => ({ status: 0 }))).status === 200)
  return url
}
