import type { Logger } from 'pino'

/** Where postgres.js keeps its socket handlers: `postgres/src/connection.js`, `postgres/cjs/src/connection.js`. */
const driverFrame = /[\\/]postgres[\\/](?:cjs[\\/])?src[\\/]connection\.js/

/** Whether an exception was thrown by the database driver's socket handling, where no caller can catch it. */
export function isDriverFault (error: unknown): boolean {
  const [, firstFrame = ''] = error instanceof Error ? error.stack?.split(/\n(?=\s+at )/) ?? [] : []
  return driverFrame.test(firstFrame)
}

/**
 * Keeps the process alive when postgres.js throws out of reach because a backend died (its issues 1066, 1154 and
 * 1208). It does so inside `sql.begin`, which is not used here for that reason; should it do so elsewhere too, a
 * connection of the pool is lost and not the process. Any other uncaught exception ends the process, whose state is
 * then undefined.
 */
export function surviveDriverFaults (process: NodeJS.Process, log: Logger): void {
  process.on('uncaughtException', error => {
    if (isDriverFault(error)) {
      log.error({ err: error }, 'the database driver lost a connection')
      return
    }
    log.fatal({ err: error }, 'uncaught exception')
    process.exit(1)
  })
}
