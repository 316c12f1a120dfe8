import { fileURLToPath } from 'node:url'
import { nextMessage, startChild } from '../harness/children.js'
import type { Request } from '../harness/http-load.js'
import { paced, type Paced } from '../harness/paced.js'
import { settings } from '../harness/settings.js'
import { quantile } from '../harness/statistics.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import type { FloodNeeds, FloodReport } from '../subjects/flood.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { refresh } from './keyturn-requests.js'

const program = fileURLToPath(new URL('../subjects/flood.ts', import.meta.url))
const validators = 8
const refreshers = 4
const pauseMs = 20
/** Few requests a second need longer to be compiled for. */
const warmUpMs = 5_000

/** Floods sign-in, with the server's default limits on all cores, and looks how all others fare meanwhile. */
export async function flood (bench: Bench, report: (part: Part) => void): Promise<void> {
  const { PASSWORD_HASH_CONCURRENCY: _, PASSWORD_HASH_QUEUE: __, UV_THREADPOOL_SIZE: ___, ...env } = bench.env
  const { port, opsPort } = await startKeyturn({
    // The clients of the flood come from everywhere, as their proxy says.
    env: { ...env, TRUST_PROXY: '127.0.0.0/8' }, cores: bench.cores.all
  })
  const members = bench.members.slice(0, validators)
  const watch = (until: AbortSignal) => Promise.all([
    paced(port, members.map(({ accessToken }) => validate(accessToken)), pauseMs, until),
    paced(port, bench.members.slice(validators, validators + refreshers).map(refresh), pauseMs, until),
    paced(opsPort, [livez], pauseMs, until)
  ])
  await watch(AbortSignal.timeout(warmUpMs))
  const calm = await watch(AbortSignal.timeout(warmUpMs))
  const over = new AbortController()
  const watching = watch(over.signal)
  const flooding = startChild({
    name: 'the flood',
    args: ['--import', 'tsx', program, JSON.stringify({
      port, clients: settings.floodClients, seconds: settings.floodSeconds
    } satisfies FloodNeeds)],
    env: {},
    cores: bench.cores.others
  })
  const { statuses, refusedAfter } = await nextMessage(flooding) as FloodReport
  over.abort()
  const [validated, refreshed, alive] = await watching

  const refusals = quantile(refusedAfter, 0.99)
  report({
    title: `${settings.floodClients} clients flood sign-in for ${settings.floodSeconds} seconds`,
    remarks: [
      'They try again at once when they are refused. Server, flood, load and Postgres share all cores; the flood has ' +
      `the lowest priority, as it would have machines of its own. What it was answered: ${answersOf(statuses)}.`
    ],
    table: {
      columns: ['', 'answered', 'failed', 'p50 ms', 'p99 ms', 'p99 ms before'],
      rows: [
        row('validate-token', validated, calm[0]),
        row('refresh-token', refreshed, calm[1]),
        row('/livez', alive, calm[2]),
        ['refused sign-ins', refusedAfter.length, 0, quantile(refusedAfter, 0.5), refusals, null]
      ]
    },
    bars: [
      mostBar('sign-in flood, `validate-token` p99', 25, 'ms', quantile(validated.latencies, 0.99)),
      mostBar('sign-in flood, `/livez` not answered', 0, 'of all', alive.failed),
      mostBar('sign-in flood, refused sign-ins p99', 100, 'ms', refusals)
    ],
    charts: []
  })
}

function row (name: string, { latencies, failed }: Paced, before: Paced): Part['table']['rows'][number] {
  return [
    name, latencies.length, failed, quantile(latencies, 0.5), quantile(latencies, 0.99),
    quantile(before.latencies, 0.99)
  ]
}

function answersOf (statuses: FloodReport['statuses']): string {
  return Object.entries(statuses).map(([status, count]) => `${count.toLocaleString('en')} × ${status}`).join(', ')
}

function validate (token: string): Request {
  const body = JSON.stringify({ token })
  return async connection => { await connection.post('/api/auth/validate-token', body) }
}

const livez: Request = async connection => { await connection.get('/livez', 'accept: */*') }
