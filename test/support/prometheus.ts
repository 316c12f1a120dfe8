import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { send } from './http.js'
import { freePort } from './postgres-server.js'
import { until } from './until.js'

const path = '/usr/bin/prometheus'

/** The reason to skip a test, where there is none. */
export const noPrometheus = !existsSync(path) && `no ${path}; apt-get install prometheus`

/** Runs promtool. @throws with its output when it finds a fault */
export async function promtool (args: string[], cwd?: string): Promise<string> {
  const { stdout } = await promisify(execFile)('/usr/bin/promtool', args, { cwd })
  return stdout
}

/** Starts a Prometheus with a configuration file; returns its address. */
export async function startPrometheus (t: Test, config: string): Promise<string> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-prometheus-'))
  const child = spawn(path, [
    `--config.file=${config}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`
  ], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  await until('Prometheus is ready', async () =>
    (await send(`${url}/-/ready`).catch(() => ({ status: 0 }))).status === 200)
  return url
}
