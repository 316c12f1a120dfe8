import { Command } from 'commander'
import { loadSettings } from '../config/settings.js'
import { unknownVariables } from '../config/unknown-variables.js'
import { contractNames } from '../contracts/names.js'
import { createLog } from '../log.js'
import { surviveDriverFaults } from '../db/driver-faults.js'
import type { Environment } from '../config/environment.js'
import { welcome } from './welcome.js'

const signals = ['SIGTERM', 'SIGINT'] as const
/** After this long a stop is no longer graceful. */
const stopTimeoutMs = 10_000
/** npm passes on the Ctrl-C that the terminal has sent to both: the same signal so soon after is the same request. */
const samePressMs = 500

/** `keyturn serve`: runs until it receives SIGTERM or SIGINT. */
export function serveCommand (env: Environment): Command {
  return new Command('serve').description('run the server').action(async () => {
    const settings = loadSettings(env, contractNames)
    const log = createLog(settings.logLevel)
    for (const line of [...unknownVariables(env), ...settings.risks]) log.warn(line)
    surviveDriverFaults(process, log)
    // Before the server's modules are loaded, and only where traces are wanted.
    const tracing = settings.tracing === undefined
      ? undefined
      : await (await import('../tracing.js')).startTracing(settings.tracing)
    const { startServer } = await import('../server/server.js')
    const starting = startServer({ settings, log, now: Date.now, tracing })

    let stopping: { signal: string, since: number } | null = null
    for (const signal of signals) {
      process.on(signal, () => {
        if (stopping !== null) {
          if (stopping.signal === signal && performance.now() - stopping.since < samePressMs) return
          process.exit(1)
        }
        stopping = { signal, since: performance.now() }
        log.info({ signal }, 'stopping')
        setTimeout(() => process.exit(1), stopTimeoutMs).unref()
        starting.then(server => server.stop()).then(() => process.exit(0), error => {
          log.error({ err: error }, 'could not stop cleanly')
          process.exit(1)
        })
      })
    }
    const { listeners } = await starting
    welcome({ output: process.stdout, log, settings, listeners })
  })
}
