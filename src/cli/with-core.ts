import { openBackend } from '../backend.js'
import { loadConfig } from '../config/environment.js'
import { contractNames } from '../contracts/index.js'
import type { Core } from '../core/index.js'
import { createLog } from '../log.js'

export type Environment = Record<string, string | undefined>

/** Runs one command over the database that the environment names, beside a running server or without one. */
export async function withCore (env: Environment, command: (core: Core) => Promise<void>): Promise<void> {
  const config = loadConfig(env, contractNames)
  // Standard output is the command's own.
  const log = createLog('warn', process.stderr)
  const backend = await openBackend({ config, log, now: Date.now })
  try {
    await backend.prepare()
    await command(backend.core)
  } finally {
    await backend.close()
  }
}
