import { randomBytes } from 'node:crypto'
import { inspected, liveMiB } from '../harness/ask-child.js'
import { stoppingChildren } from '../harness/children.js'
import { createDatabase, dropDatabase } from '../harness/create-database.js'
import { httpLoad } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import { migrateWith, startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { addCrowd, crowdTokens } from './crowd.js'

/** Longer than it takes to ask for all of them. */
const cacheTtl = '1h'
const patienceSeconds = 1_200

/** Measures what a remembered token weighs, by having more and more of them remembered. */
export async function cacheMemory (bench: Bench, report: (part: Part) => void): Promise<void> {
  const most = settings.cachedTokens.at(-1) ?? 0
  const databaseUrl = await createDatabase(bench.databaseUrl, 'remembered')
  const env = {
    ...bench.env,
    DATABASE_URL: databaseUrl,
    JWT_SECRET: randomBytes(32).toString('base64'),
    VALIDATION_CACHE_TTL: cacheTtl
  }
  migrateWith(env)
  await addCrowd(databaseUrl, most)
  const tokens = crowdTokens(env)

  /** Live MiB after each number of different tokens was asked about. */
  const measure = (counts: readonly number[], max: number) => stoppingChildren(async () => {
    const { child, port } = await startKeyturn({
      env: { ...env, VALIDATION_CACHE_MAX: String(max) }, cores: bench.cores.server, args: inspected
    })
    let asked = 0
    const live: number[] = []
    for (const count of counts) {
      await httpLoad(port, Array.from({ length: settings.connections }, () => async connection => {
        const token = tokens.accessToken(asked % most)
        asked += 1
        await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
      }), patienceSeconds, count - asked)
      live.push(await liveMiB(child))
    }
    return live
  })

  const counts = settings.cachedTokens
  const [without = NaN] = await measure(counts.slice(0, 1), 1)
  const live = await measure(counts, most)
  await dropDatabase(bench.databaseUrl, databaseUrl)
  const bytesEach = live.map((now, index) => (now - without) * 2 ** 20 / (counts[index] ?? NaN))
  report({
    title: 'Memory of remembered tokens',
    remarks: [
      `Live objects after a full collection, beyond the ${Math.round(without)} MiB of a server that has answered as ` +
      `many requests and remembers one token. The token itself, ${tokens.accessToken(0).length} bytes here, is not ` +
      'kept: it is remembered by its digest.'
    ],
    table: {
      columns: ['tokens', 'live MiB', 'bytes a token'],
      rows: counts.map((count, index) => [named(count), live[index] ?? null, bytesEach[index] ?? null])
    },
    bars: [mostBar(`memory of a remembered token, of ${named(most)}`, 400, 'bytes', bytesEach.at(-1) ?? NaN)],
    charts: [{
      name: 'cache-memory',
      title: 'memory by remembered tokens',
      unit: 'MiB',
      kind: 'line',
      categories: counts.map(named),
      series: [{ name: 'live MiB', values: live }]
    }]
  })
}

function named (count: number): string {
  return count.toLocaleString('en')
}
