import { Command } from 'commander'
import { loadConfig } from '../config/environment.js'
import { contractNames } from '../contracts/index.js'
import { createLog } from '../log.js'
import { surviveDriverFaults } from '../db/driver-faults.js'
import { startServer } from '../server/server.js'
import type { Environment } from './with-core.js'

const signals = ['SIGTERM', 'SIGINT'] as const
/** After this long a stop is no longer graceful. */
const stopTimeoutMs = 10_000

/** `keyturn serve`: runs until it is told to stop. */
export function serveCommand (env: Environment): Command {
  return new Command('serve').description('run the server').action(async () => {
    const config = loadConfig(env, contractNames)
    const log = createLog(config.LOG_LEVEL)
    surviveDriverFaults(process, log)
    const starting = startServer({ config, log, now: Date.now })

    let stopping = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (stopping) process.exit(1)
        stopping = true
        log.info({ signal }, 'stopping')
        setTimeout(() => process.exit(1), stopTimeoutMs).unref()
        starting.then(server => server.stop()).then(() => process.exit(0), error => {
          log.error({ err: error }, 'could not stop cleanly')
          process.exit(1)
        })
      })
    }
    await starting
  })
}
