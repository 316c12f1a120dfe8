import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'
import { freePort } from './postgres-server.js'
import { until } from './until.js'

const path = '/usr/sbin/pgbouncer'

/** The reason to skip a test, where there is none. */
export const noPgbouncer = !existsSync(path) && `no ${path}; apt-get install pgbouncer`

/** It refuses to run as root; the user `nobody` exists on every system. */
const nobody = 65_534

/** Puts PgBouncer in transaction mode before the database that `url` names; returns the address that leads over it. */
export async function throughPgbouncer (t: Test, url: string): Promise<string> {
  const there = new URL(url)
  const here = new URL(url)
  const port = await freePort()
  here.host = `127.0.0.1:${port}`
  // PgBouncer before 1.21 knows nothing of prepared statements.
  here.searchParams.set('prepare', 'false')
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-pgbouncer-'))
  await chmod(folder, 0o755)
  const users = join(folder, 'users.txt')
  await writeFile(users, `"${there.username}" ""\n`)
  const config = join(folder, 'pgbouncer.ini')
  await writeFile(config, [
    '[databases]', `* = host=127.0.0.1 port=${there.port}`,
    '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =',
    'auth_type = trust', `auth_file = ${users}`, 'pool_mode = transaction', 'default_pool_size = 4',
    'ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout'
  ].join('\n'))
  const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
  const child = spawn(path, [config], { ...owner, stdio: 'ignore' })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  const sql = postgres(here.href, { max: 1, fetch_types: false, backoff: () => 0.05 })
  await until('PgBouncer answers', () => sql`SELECT 1`.then(() => true, () => false))
  await sql.end()
  return here.href
}
