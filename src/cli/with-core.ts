import type { Environment } from '../config/environment.js'
import { loadSettings } from '../config/settings.js'
import { unknownVariables } from '../config/unknown-variables.js'
import { contractNames } from '../contracts/names.js'
import type { Core } from '../core/index.js'
import { createLog } from '../log.js'

/** Runs one command over the database that the environment names, beside a running server or without one. */
export async function withCore (env: Environment, command: (core: Core) => Promise<void>): Promise<void> {
  const settings = loadSettings(env, contractNames)
  // Standard output is the command's own.
  const log = createLog('warn', process.stderr)
  for (const line of unknownVariables(env)) log.warn(line)
  // Only now: help, and mistakes in the arguments and settings, need none of it.
  const { openBackend } = await import('../backend.js')
  const backend = await openBackend({ settings, log, now: Date.now })
  try {
    await backend.prepare()
    await command(backend.core)
  } finally {
    await backend.close()
  }
}
