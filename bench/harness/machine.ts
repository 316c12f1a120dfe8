import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
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
    `${type()} ${release()}; Node ${process.versions.node}`
}

/** Milliseconds of all processors since the machine started. */
function processorTimes (): { idle: number, all: number } {
  const times = cpus().map(cpu => cpu.times)
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    all: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  }
}

/** What a run had of it. */
export async function conditions (sql: Sql, cores: Cores): Promise<string> {
  const [{ version, commit, fsync }] = await sql<[{ version: string, commit: string, fsync: string }]>`
    SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
      current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync`
  const pinning = cores.server === null
    ? 'nothing pinned: server, load and Postgres share the cores'
    : `measured process on core ${cores.server}; load and Postgres on core ${cores.others}`
  return `Postgres ${version}, synchronous_commit ${commit}, fsync ${fsync}; ${pinning}; ` +
    `${settings.connections} connections, pool of ${settings.poolMax}, ` +
    `${cores.serverCount} hash${cores.serverCount === 1 ? '' : 'es'} at once; median of ${settings.rounds} rounds`
}
