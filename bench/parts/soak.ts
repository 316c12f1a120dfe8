import { inspected, liveMiB } from '../harness/ask-child.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { cpuMilliseconds, memoryMiB } from '../harness/process-usage.js'
import { settings } from '../harness/settings.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { traded } from './keyturn-requests.js'
import { credentials, type Member } from './population.js'

/** One refresh, and its access token is asked about this often. */
const validationsEach = 3
/** One round in so many signs in, as a new session. */
const roundsPerSignIn = 200
/** Tokens it may remember: few enough that it has as many long before the end. */
const remembered = 10_000
const mostGrowth = 1.05

interface Minute {
  requests: number
  cpuPerRequest: number | null
  live: number
  resident: number | null
}

/** Puts Keyturn under mixed load for minutes, and looks whether it gets bigger or slower. */
export async function soak (bench: Bench, report: (part: Part) => void): Promise<void> {
  const { child, pid, port } = await startKeyturn({
    env: { ...bench.env, VALIDATION_CACHE_MAX: String(remembered) }, cores: bench.cores.server, args: inspected
  })
  const requests = bench.members.slice(0, settings.connections).map(mixed)
  const minutes: Minute[] = []
  for (let minute = 1; minute <= settings.soakMinutes; minute += 1) {
    const before = cpuMilliseconds(pid)
    const { latencies: { length: rounds } } = await httpLoad(port, requests, 60)
    const after = cpuMilliseconds(pid)
    minutes.push({
      requests: rounds * (1 + validationsEach),
      cpuPerRequest: before === null || after === null ? null : (after - before) / rounds / (1 + validationsEach),
      live: await liveMiB(child),
      resident: memoryMiB(pid)
    })
  }
  const half = Math.ceil(settings.soakMinutes / 2) - 1
  const growth = (of: (minute: Minute) => number | null) =>
    (of(minutes.at(-1) as Minute) ?? NaN) / (of(minutes[half] as Minute) ?? NaN)
  report({
    title: `${settings.soakMinutes} minutes of mixed load`,
    remarks: [
      `Each round refreshes and asks about the new access token ${validationsEach} times; one in ${roundsPerSignIn} ` +
      `signs in as well. ${remembered.toLocaleString('en')} tokens are remembered at most.`
    ],
    table: {
      columns: ['minute', 'requests', 'CPU ms/request', 'live MiB', 'resident MiB'],
      rows: minutes.map(({ requests, cpuPerRequest, live, resident }, index) =>
        [String(index + 1), requests, cpuPerRequest, live, resident])
    },
    bars: [
      mostBar(`soak, live memory after ${settings.soakMinutes} minutes to after ${half + 1}`, mostGrowth, '',
        growth(({ live }) => live)),
      mostBar('soak, CPU of a request in the last minute to the one at half-time', mostGrowth, '',
        growth(({ cpuPerRequest }) => cpuPerRequest))
    ],
    charts: [{
      name: 'soak',
      title: 'memory under mixed load',
      unit: 'MiB',
      kind: 'line',
      categories: minutes.map((_, index) => String(index + 1)),
      series: [
        { name: 'live', values: minutes.map(({ live }) => live) },
        { name: 'resident', values: minutes.map(({ resident }) => resident) }
      ]
    }]
  })
}

function mixed (member: Member): Request {
  let rounds = 0
  return async connection => {
    const { token, refreshToken } = await traded(connection, '/api/auth/refresh-token', member.refreshToken)
    member.refreshToken = refreshToken
    const question = JSON.stringify({ token })
    for (let asked = 0; asked < validationsEach; asked += 1) await connection.post('/api/auth/validate-token', question)
    rounds += 1
    if (rounds % roundsPerSignIn === 0) await connection.post('/api/auth/login', credentials(member.email))
  }
}
