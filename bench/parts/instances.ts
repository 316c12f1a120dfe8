import { closedLoop, type Worker } from '../harness/closed-loop.js'
import { compare, type Subject } from '../harness/comparison.js'
import { openConnection } from '../harness/http-connection.js'
import type { Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { comparisonTable, remarksOn } from '../report/comparison-table.js'
import type { Part } from '../report/results.js'
import { startKeyturn, type Keyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { refresh, validation } from './keyturn-requests.js'

const instanceCount = 3

/** Measures several instances on one database against one alone, on all cores alike. */
export async function instances (bench: Bench, report: (part: Part) => void): Promise<void> {
  const several: Keyturn[] = []
  for (let number = 0; number < instanceCount; number += 1) {
    several.push(await startKeyturn({ env: bench.env, cores: bench.cores.all }))
  }
  const alone = await startKeyturn({ env: bench.env, cores: bench.cores.all })
  const members = bench.members.slice(0, settings.connections)
  const [{ accessToken: token }] = bench.members
  const connection = await openConnection(alone.port)
  const valid = await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
  connection.close()

  const paths = {
    'validate-token': members.map(() => validation('/api/auth/validate-token', token, valid)),
    'refresh-token': members.map(refresh)
  }
  for (const [path, requests] of Object.entries(paths)) {
    const measured = await compare([
      spread(`${instanceCount} instances`, several, requests), spread('one instance', [alone], requests)
    ])
    report({
      title: `${path}, ${instanceCount} instances against one`,
      remarks: ['Nothing is kept apart here: instances, load and Postgres share all cores.', ...remarksOn(measured)],
      table: comparisonTable(measured),
      bars: [],
      charts: []
    })
  }
}

/** The connections take turns among the instances. */
function spread (name: string, instances: readonly Keyturn[], requests: readonly Request[]): Subject {
  return {
    name,
    pids: instances.map(({ pid }) => pid),
    async run (seconds) {
      const connections = await Promise.all(requests.map(async (_, index) =>
        openConnection(instances[index % instances.length]?.port ?? NaN)))
      try {
        return await closedLoop(connections.map((connection, index): Worker => async () => {
          await requests[index]?.(connection)
        }), seconds)
      } finally {
        for (const connection of connections) connection.close()
      }
    }
  }
}
