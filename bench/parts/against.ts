import { resolve } from 'node:path'
import { stoppingChildren } from '../harness/children.js'
import { compare, pooled, ratio, type Measured, type Subject } from '../harness/comparison.js'
import { openConnection } from '../harness/http-connection.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { cpuBar } from '../report/bars.js'
import { remarksOn } from '../report/comparison-table.js'
import type { Part } from '../report/results.js'
import { startKeyturn, type Keyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { asPartner, refresh, signIn, validation } from './keyturn-requests.js'
import { introspection } from './partner-requests.js'
import type { Member } from './population.js'

/** The processor time of a request: at most so many times that of the other release. */
const bar = 1.03

const names = ['this release', 'the other'] as const

/** One release: its servers, and members whose sessions no other server refreshes. */
interface Side {
  name: string
  keyturn: Keyturn
  /** The same without a validation cache. */
  uncached: Keyturn
  members: readonly [Member, ...Member[]]
}

/** What each connection asks, and of which server. */
type Path = (side: Side, bench: Bench) => Promise<{ server: Keyturn, requests: Request[] }>

const paths: Record<string, Path> = {
  'refresh-token': async ({ keyturn, members }) => ({ server: keyturn, requests: members.map(refresh) }),
  'validate-token, remembered': side => validations(side.keyturn, side),
  'validate-token, not remembered': side => validations(side.uncached, side),
  async introspect ({ keyturn, members }, { client }) {
    const post = introspection(client, members[0].accessToken)
    const connection = await openConnection(keyturn.port)
    const expected = await post(connection, '/oauth/introspect')
    connection.close()
    return { server: keyturn, requests: members.map(() => asPartner(post, '/oauth/introspect', expected)) }
  },
  login: async ({ keyturn, members }) => ({ server: keyturn, requests: members.map(signIn) })
}

/**
 * Measures this release against a built checkout of another, side by side over one database. Processes of one program
 * differ among themselves for as long as they run, so several pairs of them are measured.
 */
export function against (checkout: string): (bench: Bench, report: (part: Part) => void) => Promise<void> {
  return async (bench, report) => {
    const measured: Measured[][] = []
    for (let pair = 0; pair < settings.against.pairs; pair += 1) {
      await stoppingChildren(async () => {
        const sides = [await startSide(bench, 0), await startSide(bench, 1, resolve(checkout))]
        for (const path of Object.values(paths)) {
          const subjects = await Promise.all(sides.map(side => subjectOf(path, side, bench)))
          measured.push(await compare(subjects, settings.against))
        }
      })
    }
    report(toPart(checkout, measured))
  }
}

async function startSide (bench: Bench, index: 0 | 1, checkout?: string): Promise<Side> {
  const { env, cores } = bench
  const from = index * settings.connections
  const [first, ...others] = bench.members.slice(from, from + settings.connections)
  if (first === undefined) throw new Error('too few members')
  const start = (more: object) => startKeyturn({ env: { ...env, ...more }, cores: cores.server, checkout })
  return {
    name: names[index],
    keyturn: await start({}),
    uncached: await start({ VALIDATION_CACHE_TTL: '0' }),
    members: [first, ...others]
  }
}

async function subjectOf (path: Path, side: Side, bench: Bench): Promise<Subject> {
  const { server: { pid, port }, requests } = await path(side, bench)
  return { name: side.name, pids: [pid], run: seconds => httpLoad(port, requests, seconds) }
}

async function validations (server: Keyturn, { members }: Side): ReturnType<Path> {
  const [{ accessToken: token }] = members
  const connection = await openConnection(server.port)
  const expected = await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
  connection.close()
  return { server, requests: members.map(() => validation('/api/auth/validate-token', token, expected)) }
}

/** `measured` has the paths of the first pair of processes, then those of the next. */
function toPart (checkout: string, measured: readonly Measured[][]): Part {
  const results = Object.keys(paths).map((path, index) => {
    const pairs = measured.filter((_, number) => number % Object.keys(paths).length === index)
    const [ours, theirs] = names.map((_, side) => pooled(pairs.flatMap(pair => pair[side] ?? [])))
    if (ours === undefined || theirs === undefined) throw new Error('nothing was measured')
    return { path, ours, theirs, ...ratio(ours, theirs, 'cpuPerRequest') }
  })
  const { pairs, rounds } = settings.against
  return {
    title: `this release against ${checkout}`,
    remarks: [
      `${pairs} pairs of processes, ${rounds} rounds each.`,
      ...results.flatMap(({ ours, theirs }) => remarksOn([ours, theirs]))
    ],
    table: {
      columns: ['CPU ms/request', ...names, 'ratio (all rounds)'],
      rows: results.map(({ path, ours, theirs, median, lowest, highest }) => [
        path, ours.cpuPerRequest, theirs.cpuPerRequest,
        `**${median.toFixed(3)}** (${lowest.toFixed(3)} to ${highest.toFixed(3)})`
      ])
    },
    bars: results.map(({ path, ours, theirs }) => cpuBar(`${path}, CPU to the other release's`, bar, ours, theirs)),
    charts: []
  }
}
