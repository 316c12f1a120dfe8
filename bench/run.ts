import { parseArgs } from 'node:util'
import { stoppingChildren } from './harness/children.js'
import { divideCores } from './harness/cores.js'
import { conditions, machine, versions } from './harness/machine.js'
import { startPostgres } from './harness/postgres.js'
import { against } from './parts/against.js'
import { openBench, type Bench } from './parts/bench.js'
import { cacheMemory } from './parts/cache-memory.js'
import { cluster } from './parts/cluster.js'
import { comparisons } from './parts/comparisons.js'
import { connections } from './parts/connections.js'
import { enumeration } from './parts/enumeration.js'
import { flood } from './parts/flood.js'
import { growth } from './parts/growth.js'
import { instances } from './parts/instances.js'
import { polls } from './parts/polls.js'
import { roundTrips } from './parts/round-trips.js'
import { soak } from './parts/soak.js'
import { unreadReplies } from './parts/unread-replies.js'
import { barsToMarkdown, partToMarkdown } from './report/markdown.js'
import type { Part, Results } from './report/results.js'
import { writeReport } from './report/write.js'

type Measure = (bench: Bench, report: (part: Part) => void) => Promise<void>

/** What fills the disk comes first, and is gone before the others begin. */
const measures: Record<string, Measure> = {
  growth,
  'cache-memory': cacheMemory,
  comparisons,
  connections,
  'round-trips': roundTrips,
  instances,
  cluster,
  flood,
  enumeration,
  polls,
  'unread-replies': unreadReplies,
  soak
}

const { values: { write, only, against: checkout } } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    against: { type: 'string' }
  }
})
const unknown = only?.filter(name => !(name in measures)) ?? []
if (unknown.length > 0) throw new Error(`--only takes ${Object.keys(measures).join(', ')}; not ${unknown.join(', ')}`)
if (write && only !== undefined) throw new Error('--write is for a whole run')
if (checkout !== undefined && (write || only !== undefined)) throw new Error('--against is a run of its own')
const chosen = checkout === undefined ? measures : { against: against(checkout) }

const machineBefore = await machine()
// Before anything is started, so that it inherits where it may run.
const cores = divideCores()
const postgres = await startPostgres()
const parts: Part[] = []

await stoppingChildren(async () => {
  const bench = await openBench(postgres.url, cores)
  const results: Results = {
    date: new Date().toISOString(),
    machine: machineBefore,
    versions: await versions(bench.sql),
    conditions: await conditions(bench.sql, cores),
    parts
  }
  for (const [name, measure] of Object.entries(chosen)) {
    if (only?.includes(name) === false) continue
    await stoppingChildren(() => measure(bench, part => {
      parts.push(part)
      process.stdout.write(`\n${partToMarkdown(part)}\n`)
    }))
  }
  process.stdout.write(`\n${barsToMarkdown(parts.flatMap(part => part.bars))}\n`)
  if (write) await writeReport(results)
  await bench.close()
}).finally(() => postgres.stop())
