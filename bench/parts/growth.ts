import { randomBytes, randomInt } from 'node:crypto'
import { stoppingChildren } from '../harness/children.js'
import { compare, ratio, type Measured, type Subject } from '../harness/comparison.js'
import { createDatabase, dropDatabase } from '../harness/create-database.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { mostBar } from '../report/bars.js'
import { figuresTable } from '../report/comparison-table.js'
import type { Part } from '../report/results.js'
import { migrateWith, startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { addCrowd, crowdTokens, type SessionBytes } from './crowd.js'
import { traded } from './keyturn-requests.js'

/** A database with so many sessions, for Keyturn to run on. */
interface Grown {
  size: number
  env: Record<string, string>
  bytes: SessionBytes
  seconds: number
}

/** Measures refresh and validation in a few, many and very many sessions, each time another one of them. */
export async function growth (bench: Bench, report: (part: Part) => void): Promise<void> {
  const grown: Grown[] = []
  for (const size of settings.growth) grown.push(await grow(bench, size))
  const measured = await stoppingChildren(() => measure(bench, grown))
  for (const { env } of grown) await dropDatabase(bench.databaseUrl, env.DATABASE_URL ?? '')
  const [refreshed = []] = measured
  report({
    title: 'Growth: refresh and validation, each time of another session',
    remarks: [
      'Validation without a cache, and access tokens signed HS256. Each size is a database of its own.',
      ...grown.map(({ size, bytes, seconds }) => `${named(size)}: table ${mebibytes(bytes.table)}, key ` +
        `${mebibytes(bytes.key)}; made in ${Math.round(seconds)} s.`)
    ],
    table: figuresTable(measured.flat()),
    bars: [growthBar(refreshed)],
    charts: [{
      name: 'growth',
      title: 'time for a request, by sessions in the table',
      unit: 'ms (p50)',
      kind: 'line',
      categories: settings.growth.map(named),
      series: measured.map((measured, index) =>
        ({ name: index === 0 ? 'refresh-token' : 'validate-token', values: measured.map(({ p50 }) => p50) }))
    }]
  })
}

/** Refreshes, then validations, of all sizes in turn. */
async function measure ({ cores }: Bench, grown: readonly Grown[]): Promise<Measured[][]> {
  const refreshes: Subject[] = []
  const validations: Subject[] = []
  for (const { size, env } of grown) {
    const { pid, port } = await startKeyturn({ env, cores: cores.server })
    const tokens = crowdTokens(env)
    const load = (requests: Request[]) => (seconds: number) => httpLoad(port, requests, seconds)
    refreshes.push({ name: `refresh-token, ${named(size)}`, pids: [pid], run: load(refreshesOf(size, tokens)) })
    validations.push({ name: `validate-token, ${named(size)}`, pids: [pid], run: load(validationsOf(size, tokens)) })
  }
  return [await compare(refreshes), await compare(validations)]
}

/** Makes a database of that size, with people in it whose tokens can be made. */
async function grow ({ databaseUrl: server, env: base }: Bench, size: number): Promise<Grown> {
  const start = performance.now()
  const databaseUrl = await createDatabase(server, `grown_${size}`)
  const env = {
    ...base, DATABASE_URL: databaseUrl, JWT_SECRET: randomBytes(32).toString('base64'), VALIDATION_CACHE_TTL: '0'
  }
  migrateWith(env)
  const bytes = await addCrowd(databaseUrl, size)
  return { size, env, bytes, seconds: (performance.now() - start) / 1000 }
}

/** Each of the connections has its share of the sessions, so that no two refresh one at a time. */
function refreshesOf (size: number, tokens: ReturnType<typeof crowdTokens>): Request[] {
  return Array.from({ length: settings.connections }, (_, own) => {
    const newest = new Map<number, string>()
    return async connection => {
      const number = randomInt(Math.floor(size / settings.connections)) * settings.connections + own
      const token = newest.get(number) ?? tokens.refreshToken(number)
      const { refreshToken } = await traded(connection, '/api/auth/refresh-token', token)
      newest.set(number, refreshToken)
    }
  })
}

function validationsOf (size: number, tokens: ReturnType<typeof crowdTokens>): Request[] {
  return Array.from({ length: settings.connections }, () => async connection => {
    const token = tokens.accessToken(randomInt(size))
    await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
  })
}

function growthBar (refreshed: readonly Measured[]) {
  const [few, most] = [refreshed.at(0), refreshed.at(-1)]
  if (few === undefined || most === undefined) throw new Error('there are no sizes')
  const [fewest = 0, largest = 0] = [settings.growth.at(0), settings.growth.at(-1)]
  return mostBar(`\`refresh-token\`, time with ${named(largest)} to with ${named(fewest)}`, 1.3, '',
    ratio(few, most, 'requestsPerSecond').median)
}

function named (size: number): string {
  return `${size.toLocaleString('en')} sessions`
}

function mebibytes (bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`
}
