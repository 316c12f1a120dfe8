import { readdirSync, readFileSync } from 'node:fs'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase } from '../../src/db/database.js'
import { createDistributed, workersOf } from '../../test/support/citus.js'
import { databaseUrl } from '../../test/support/test-database.js'
import { compare, type Subject } from '../harness/comparison.js'
import { createDatabase } from '../harness/create-database.js'
import { openConnection } from '../harness/http-connection.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import { addAccount, startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { refresh, signIn, validation } from './keyturn-requests.js'
import { credentials, emailOf, password, type Member } from './population.js'

/** Keyturn on a database, and people who are signed in there. */
interface Side {
  port: number
  members: Member[]
  /** The answer to a validation of each one's token. */
  valid: string[]
}

const memberCount = 16

/**
 * Measures what a request costs a Citus cluster, and what it costs one of its servers alone: the processor time of all
 * Postgres processes. Without a cluster (TEST_CITUS_URL) nothing is measured.
 */
export async function cluster (bench: Bench, report: (part: Part) => void): Promise<void> {
  const coordinator = process.env.TEST_CITUS_URL
  if (coordinator === undefined) {
    process.stdout.write('cluster: not measured, TEST_CITUS_URL names none\n')
    return
  }
  const workers = await workersOf(coordinator)
  const name = `bench_${Date.now()}`
  await createDistributed(coordinator, workers, name)
  const alone = await fill(bench, await createDatabase(coordinator, 'bench_alone'))
  const spread = await fill(bench, databaseUrl(coordinator, name))

  const requests: Record<string, (side: Side) => Request[]> = {
    'refresh-token': ({ members }) => members.map(refresh),
    'validate-token, not cached': ({ members, valid }) => members.map(({ accessToken }, index) =>
      validation('/api/auth/validate-token', accessToken, valid[index] ?? '')),
    login: ({ members }) => members.map(signIn)
  }
  const rows: Part['table']['rows'] = []
  const ratios: Record<string, number> = {}
  for (const [path, of] of Object.entries(requests)) {
    const subject = (name: string, side: Side): Subject => ({
      name,
      get pids () { return postgresPids() },
      run: seconds => httpLoad(side.port, of(side), seconds)
    })
    const [one, several] = await compare([subject('one server', alone), subject('Citus', spread)], settings.short)
    const [oneCpu, severalCpu] = [one?.cpuPerRequest ?? NaN, several?.cpuPerRequest ?? NaN]
    ratios[path] = severalCpu / oneCpu
    rows.push([path, oneCpu, severalCpu, severalCpu / oneCpu, one?.p50 ?? null, several?.p50 ?? null])
  }
  report({
    title: `Citus, a coordinator and ${workers.length} workers`,
    remarks: ['Processor time of all Postgres processes for a request. All servers share the machine.'],
    table: {
      columns: ['', 'one server, ms', 'Citus, ms', 'ratio', 'one server, p50 ms', 'Citus, p50 ms'], rows
    },
    bars: [mostBar('`refresh-token`, Postgres on Citus to one server', 5, '', ratios['refresh-token'] ?? NaN)],
    charts: []
  })
}

/** Starts Keyturn on a database and signs people in. */
async function fill (bench: Bench, url: string): Promise<Side> {
  const env = { ...bench.env, DATABASE_URL: url, VALIDATION_CACHE_TTL: '0' }
  for (let number = 0; number < memberCount; number += 1) addAccount(env, emailOf(number), password)
  const { port } = await startKeyturn({ env, cores: bench.cores.server })
  const connection = await openConnection(port)
  const members: Member[] = []
  const valid: string[] = []
  const database = openDatabase({ target: { url }, poolMax: 1, toUnavailable: unavailable })
  for (let number = 0; number < memberCount; number += 1) {
    const email = emailOf(number)
    const { data } = JSON.parse(await connection.post('/api/auth/login', credentials(email))) as
      { data: { token: string, refreshToken: string, user: { id: string } } }
    const accountId = data.user.id.replace('user_', '')
    // Its sessions began a while ago, as most do that are refreshed.
    await database.sql`
      UPDATE sessions AS session SET created_at = now() - interval '1 hour' WHERE account_id = ${accountId}`
    members.push({
      email, accessToken: data.token, refreshToken: data.refreshToken, key: { accountId, sessionId: '' }
    })
    valid.push(await connection.post('/api/auth/validate-token', JSON.stringify({ token: data.token })))
  }
  connection.close()
  await database.close()
  return { port, members, valid }
}

/** All processes of all Postgres servers of this machine. */
function postgresPids (): number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
    } catch {
      return false
    }
  })
}
