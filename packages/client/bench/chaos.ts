import { createClient } from '../src/index.js'
import { runChaos } from '../test/support/chaos.js'
import { stoppingChildren } from '../../../bench/harness/children.js'
import { divideCores } from '../../../bench/harness/cores.js'
import { freePort } from '../../../bench/harness/free-port.js'
import { startPostgres } from '../../../bench/harness/postgres.js'
import { keyturnEnvironment, migrateWith, startKeyturn } from '../../../bench/subjects/keyturn.js'
import { connect } from '../../../src/db/client.js'

/* Prints the figures of bench/README.md about @keyturn/client; ends with 1 when a session was lost or forked. */

const credentials = { email: 'ann@example.com', password: 'violin harbor meadow' }
const options = { instances: 50, refreshes: 10_000, kills: 200, lostShare: 0.3, maxDelayMs: 300, random: Math.random }
/** Seconds; more than the delays, and little enough for many rotations. */
const retryWindow = 3

const cores = divideCores()
const postgres = await startPostgres()
const isGood = await stoppingChildren(async () => {
  const env = {
    ...keyturnEnvironment(postgres.url, cores, await freePort()), REFRESH_RETRY_WINDOW: String(retryWindow)
  }
  migrateWith(env)
  const { port } = await startKeyturn({ env, cores: cores.server, contracts: 'account' })
  const baseUrl = `http://127.0.0.1:${port}`
  const client = createClient({ baseUrl })
  await client.signUp(credentials)
  await client.signOut()

  const began = performance.now()
  const { refreshed, signedOut, killed, lost } = await runChaos(baseUrl, credentials, options)
  const seconds = (performance.now() - began) / 1000
  const sql = connect({ url: postgres.url }, { max: 1 })
  const live = await sql<{ generation: number }[]>`SELECT generation FROM sessions WHERE ended_at IS NULL`
  const reused = await sql`SELECT FROM audit_events WHERE event = 'refresh_token_reused'`
  await sql.end()

  const rows = {
    'instances without a lock': options.instances,
    'refreshes that succeeded': refreshed,
    'replies lost after the server committed': lost,
    'instances killed between reply and store': killed,
    'rotations of the session': live[0]?.generation ?? 0,
    'sign-outs': signedOut,
    'live sessions': live.length,
    'refresh tokens that counted as reused': reused.length
  }
  const lines = Object.entries(rows).map(([name, value]) => `| ${name} | ${value.toLocaleString('en')} |\n`)
  process.stdout.write(lines.join(''))
  process.stdout.write(`\n${Math.round(seconds)} s; delays up to ${options.maxDelayMs} ms before and after, ` +
    `REFRESH_RETRY_WINDOW=${retryWindow}\n`)
  return signedOut === 0 && live.length === 1 && reused.length === 0
}).finally(() => postgres.stop())
process.exitCode = isGood ? 0 : 1
