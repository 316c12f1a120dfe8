import { compare, type Measured, type Subject } from '../harness/comparison.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { figuresTable, remarksOn } from '../report/comparison-table.js'
import type { Part } from '../report/results.js'
import type { Bench } from './bench.js'
import { refresh, signIn, taskList } from './keyturn-requests.js'
import { introspection } from './partner-requests.js'
import type { Member } from './population.js'

/** Measures every path of Keyturn with few and with many connections. */
export async function connections (bench: Bench, report: (part: Part) => void): Promise<void> {
  const { keyturn, uncached, client } = bench
  const introspect = (member: Member): Request => {
    const post = introspection(client, member.accessToken)
    return async connection => { await post(connection, '/oauth/introspect') }
  }
  const paths: Array<{ name: string, port: number, pid: number, request: (member: Member) => Request }> = [
    { name: 'validate-token, remembered', ...keyturn, request: validate },
    { name: 'validate-token, not remembered', ...uncached, request: validate },
    { name: 'refresh-token', ...keyturn, request: refresh },
    { name: 'introspect', ...keyturn, request: introspect },
    { name: 'a list of ten tasks', ...keyturn, request: taskList },
    { name: 'login', ...keyturn, request: signIn }
  ]
  const measured: Measured[] = []
  for (const { name, port, pid, request } of paths) {
    measured.push(...await compare(settings.connectionCounts.map((count): Subject => {
      const requests = bench.members.slice(0, count).map(request)
      return { name: `${name}: ${count}`, pids: [pid], run: seconds => httpLoad(port, requests, seconds) }
    }), settings.short))
  }
  const counts = settings.connectionCounts
  report({
    title: `Each path with ${counts.slice(0, -1).join(', ')} and ${counts.at(-1)} connections`,
    remarks: ['Each connection has a session, and a token, of its own.', ...remarksOn(measured)],
    table: figuresTable(measured),
    bars: [],
    charts: [{
      name: 'connections',
      title: 'requests in a second of a core, by connections',
      unit: 'requests/s',
      kind: 'line',
      logarithmic: true,
      categories: counts.map(String),
      series: paths.map(({ name }, index) => ({
        name,
        values: measured.slice(index * counts.length, (index + 1) * counts.length)
          .map(({ cpuPerRequest }) => cpuPerRequest === null ? null : 1000 / cpuPerRequest)
      }))
    }]
  })
}

function validate ({ accessToken }: Member): Request {
  const body = JSON.stringify({ token: accessToken })
  return async connection => { await connection.post('/api/auth/validate-token', body) }
}
