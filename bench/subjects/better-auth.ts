import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { nextMessage, startChild } from '../harness/children.js'
import type { Cores } from '../harness/cores.js'
import { createDatabase } from '../harness/create-database.js'
import { freePort } from '../harness/free-port.js'
import { settings } from '../harness/settings.js'
import { hashingThreads } from './keyturn.js'

/**
 * What get-session does: it reads the database; or it trusts a signed cookie for five minutes, also when the
 * session has ended; or it reads the database and moves the session's end there.
 */
export type BetterAuthMode = 'database' | 'cookie-cache' | 'refresh'

export interface BetterAuthNeeds {
  port: number
  databaseUrl: string
  poolMax: number
  secret: string
  mode: BetterAuthMode
}

const program = fileURLToPath(new URL('better-auth-server.ts', import.meta.url))

/** Starts better-auth in this mode, on a new database beside the one of the url, and waits until it is ready. */
export async function startBetterAuth (
  databaseUrl: string, cores: Cores, mode: BetterAuthMode
): Promise<{ pid: number, port: number }> {
  const needs: BetterAuthNeeds = {
    port: await freePort(),
    databaseUrl: await createDatabase(databaseUrl, `better_auth_${mode}`),
    poolMax: settings.poolMax,
    secret: randomBytes(32).toString('base64'),
    mode
  }
  const child = startChild({
    name: `better-auth (${mode})`,
    args: ['--import', 'tsx', program, JSON.stringify(needs)],
    env: { NODE_ENV: 'production', UV_THREADPOOL_SIZE: String(hashingThreads(cores)) },
    cores: cores.server
  })
  await nextMessage(child)
  return { pid: child.pid, port: needs.port }
}
