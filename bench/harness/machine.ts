import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from '../../src/db/pool.js'
import type { Cores } from './cores.js'
import { settings } from './settings.js'

const idleSampleMs = 2_000

/**
 * The machine, as Markdown, with how idle it was: figures of a machine that does other things mean little. To be
 * called before anything is started and the cores are divided.
 */
export async function machine (): Promise<string> {
  const before = processorTimes()
  await delay(idleSampleMs)
  const after = processorTimes()
  const idle = (after.idle - before.idle) / (after.all - before.all)
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${Math.round(idle * 100)} % idle before the run; ` +
    `${type()} ${release()}`
}

/** Milliseconds of all processors since the machine started. */
function processorTimes (): { idle: number, all: number } {
  const times = cpus().map(cpu => cpu.times)
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    all: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  }
}

/** Of what is measured, and of what it runs on. */
export async function versions (sql: Pool): Promise<Record<string, string>> {
  const [{ postgres }] = await sql<[{ postgres: string }]>`
    SELECT split_part(current_setting('server_version'), ' ', 1) AS postgres`
  const packages = await Promise.all(['fastify', 'better-auth', 'oidc-provider'].map(async name => {
    const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
    return [name, (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version]
  }))
  return {
    'Node.js': process.versions.node, Postgres: postgres, ...Object.fromEntries(packages) as Record<string, string>
  }
}

/** How the machine was used. */
export async function conditions (sql: Pool, cores: Cores): Promise<string> {
  const [{ commit, fsync, buffers }] = await sql<[{ commit: string, fsync: string, buffers: string }]>`
    SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
      current_setting('shared_buffers') AS buffers`
  const pinning = cores.server === null
    ? 'nothing pinned: server, load and Postgres share the cores'
    : `measured process on core ${cores.server}; load and Postgres on core ${cores.others}`
  return `synchronous_commit ${commit}, fsync ${fsync}, shared_buffers ${buffers}; ${pinning}; ` +
    `${settings.connections} connections, pool of ${settings.poolMax}, ` +
    `${cores.serverCount} hash${cores.serverCount === 1 ? '' : 'es'} at once; median of ${settings.rounds} rounds`
}
