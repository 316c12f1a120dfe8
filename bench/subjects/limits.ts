import { fileURLToPath } from 'node:url'
import { nextMessage, startChild, type Child } from '../harness/children.js'
import type { Sample } from '../harness/closed-loop.js'
import type { Cores } from '../harness/cores.js'
import { freePort } from '../harness/free-port.js'
import { settings } from '../harness/settings.js'
import { hashingThreads } from './keyturn.js'
import type { SessionKey } from './session-row.js'

export interface LimitOptions {
  databaseUrl: string
  poolMax: number
  /** The rows to update, one for each loop. */
  keys: SessionKey[]
  password: string
  passwordHash: string
  hashesAtOnce: number
  /** What the bare server answers: Keyturn's own answers of a moment ago, so that both send as many bytes. */
  answers: { validated: string, refreshed: string, introspected: string, exchanged: string }
  clientId: string
}

/** Asks the loop process for a round. */
export interface LoopOrder {
  loop: 'update' | 'verify'
  seconds: number
}

export interface Limits {
  server: { child: Child, pid: number, port: number }
  loops: { pid: number, run (loop: LoopOrder['loop'], seconds: number): Promise<Sample> }
}

/** Starts the two processes that show what is possible at best. */
export async function startLimits (
  options: LimitOptions, cores: Cores, args: readonly string[] = []
): Promise<Limits> {
  async function start (file: string, own: object, args: readonly string[] = []): Promise<Child> {
    const child = startChild({
      name: file,
      args: [
        ...settings.nodeFlags, ...args, '--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)),
        JSON.stringify({ ...options, ...own })
      ],
      env: { UV_THREADPOOL_SIZE: String(hashingThreads(cores)) },
      cores: cores.server
    })
    await nextMessage(child)
    return child
  }
  const port = await freePort()
  const server = await start('limit-server.ts', { port }, args)
  const loops = await start('limit-loops.ts', {})
  return {
    server: { child: server, pid: server.pid, port },
    loops: {
      pid: loops.pid,
      async run (loop, seconds) {
        loops.send({ loop, seconds } satisfies LoopOrder)
        return await nextMessage(loops) as Sample
      }
    }
  }
}
