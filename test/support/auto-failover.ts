import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'
import { freePort } from './postgres-server.js'
import { until } from './until.js'

const path = '/usr/bin/pg_autoctl'

/** Debian's, with a folder for each version. */
const postgresFolder = '/usr/lib/postgresql'

/** The reason to skip a test, where it cannot run. Its servers keep their sockets where only the user postgres may. */
export const noAutoFailover = (!existsSync(path) && `no ${path}; apt-get install pg-auto-failover-cli`) ||
  (process.getuid?.() !== 0 && 'not root, who may start it as the user postgres')

/** Milliseconds, for a failover in some seconds; by default it takes most of a minute. */
const timeouts = {
  health_check_period: 300,
  health_check_timeout: 300,
  health_check_max_retries: 1,
  health_check_retry_delay: 100,
  node_considered_unhealthy_timeout: 1_000,
  primary_demote_timeout: 1_000,
  startup_grace_period: 1_000
}

const patienceMs = 60_000

/** Two servers that pg_auto_failover watches over: it promotes one when the other is gone. */
export interface AutoFailover {
  /** Names both, for DATABASE_URL. */
  url: string
  /** Ends the primary and what would start it again, without warning. */
  killPrimary (): void
}

export async function startAutoFailover (t: Test): Promise<AutoFailover> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-failover-'))
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  const owner = { uid: idOf('-u'), gid: idOf('-g') }
  await chown(folder, owner.uid, owner.gid)
  const places = ['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR'].map(name => [name, folder])
  const [version = ''] = await readdir(postgresFolder)
  // Without root's own folders, where the user postgres may not even look.
  const env: Record<string, string> = {
    ...Object.fromEntries(places), PATH: `${join(postgresFolder, version, 'bin')}:/usr/bin:/bin`
  }
  const children: ChildProcess[] = []
  /** With all that it starts, which are in its process group. */
  const kill = ({ pid }: ChildProcess) => pid !== undefined && process.kill(-pid, 'SIGKILL')

  async function start (kind: 'monitor' | 'postgres', name: string, ...options: string[]) {
    const port = await freePort()
    await mkdir(join(folder, name))
    await chown(join(folder, name), owner.uid, owner.gid)
    const child = spawn(path, [
      'create', kind, '--run', '--listen', '127.0.0.1', '--hostname', '127.0.0.1', '--pgport', String(port),
      '--pgdata', join(folder, name, 'data'), '--auth', 'trust', '--no-ssl', ...options
    ], { ...owner, env, cwd: folder, detached: true, stdio: 'ignore' })
    children.push(child)
    return { child, port }
  }

  t.teardown(async () => {
    for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      kill(child)
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  })

  const monitor = await start('monitor', 'monitor')
  const monitored = `postgres://autoctl_node@127.0.0.1:${monitor.port}/pg_auto_failover`
  const states = () => query(monitored, 'SELECT reportedstate AS state FROM pgautofailover.node ORDER BY nodeid')
    .then(rows => rows.map(({ state }) => String(state)).join())
  await until('the monitor answers', async () => await states() === '', patienceMs)
  const settings = monitored.replace('autoctl_node', 'postgres')
  for (const [name, value] of Object.entries(timeouts)) {
    await query(settings, `ALTER SYSTEM SET pgautofailover.${name} = ${value}`)
  }
  await query(settings, 'SELECT pg_reload_conf()')

  const node = (name: string) =>
    start('postgres', name, '--name', name, '--username', 'keyturn', '--dbname', 'keyturn', '--monitor', monitored)
  const first = await node('a')
  await until('there is a primary', async () => await states() === 'single', patienceMs)
  const second = await node('b')
  await until('it has a standby', async () => {
    // The copy of the data begins with the next checkpoint, which otherwise takes minutes.
    await query(`postgres://postgres@127.0.0.1:${first.port}/postgres`, 'CHECKPOINT').catch(() => [])
    return await states() === 'primary,secondary'
  }, patienceMs)

  return {
    url: `postgres://keyturn@127.0.0.1:${second.port},127.0.0.1:${first.port}/keyturn?target_session_attrs=read-write`,
    killPrimary: () => { kill(first.child) }
  }
}

async function query (url: string, statement: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 2 })
  return sql.unsafe(statement).catch(() => [{ state: 'no answer' }]).finally(() => sql.end({ timeout: 1 }))
}
