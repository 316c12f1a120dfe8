import { createServer } from 'node:http'
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { Pool } from 'pg'
import type { BetterAuthMode, BetterAuthNeeds } from './better-auth.js'

/*
 * A process of its own: better-auth as its documentation sets it up on Postgres and node:http, with the joins and
 * the cookie cache that its documentation has for speed.
 */

const { port, databaseUrl, poolMax, secret, mode } = JSON.parse(process.argv[2] ?? '') as BetterAuthNeeds

const sessions: Record<BetterAuthMode, NonNullable<BetterAuthOptions['session']>> = {
  database: {},
  'cookie-cache': { cookieCache: { enabled: true, maxAge: 5 * 60 } },
  refresh: { updateAge: 0 }
}

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret,
  // While others are measured the pool must not be emptied: connecting again would cost the next round.
  database: new Pool({ connectionString: databaseUrl, max: poolMax, idleTimeoutMillis: 0 }),
  emailAndPassword: { enabled: true },
  session: sessions[mode],
  experimental: { joins: true },
  // The whole load is one address.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' }
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()

const handle = toNodeHandler(auth)
createServer((request, response) => { handle(request, response).catch((error: unknown) => { throw error }) })
  .listen(port, '127.0.0.1', () => { process.send?.('ready') })
process.on('disconnect', () => process.exit())
