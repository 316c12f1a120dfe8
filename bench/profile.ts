import { writeFile } from 'node:fs/promises'
import { inspected, profileOf } from './harness/ask-child.js'
import { stoppingChildren, type Child } from './harness/children.js'
import { divideCores } from './harness/cores.js'
import { httpLoad, type Request } from './harness/http-load.js'
import { startPostgres } from './harness/postgres.js'
import { settings } from './harness/settings.js'
import { threadTimes } from './harness/thread-usage.js'
import { openBench } from './parts/bench.js'
import { refresh, signIn, update, validation } from './parts/keyturn-requests.js'
import { startLimitsOf } from './parts/peers.js'
import { drawFlames } from './report/flames.js'
import { selfTimes } from './report/self-times.js'
import { startKeyturn } from './subjects/keyturn.js'

/*
 * Where the time of a validation and of a refresh goes, beside that of the bare route which does the least for the
 * same purpose: tables on standard output, flame graphs in `bench/charts`. Then which threads a sign-in takes, beside
 * hashing alone. `bench/profile.md` says what follows.
 */

const warmUpSeconds = 5
const seconds = 5

const cores = divideCores()
const postgres = await startPostgres()

await stoppingChildren(async () => {
  const bench = await openBench(postgres.url, cores)
  const { limits, answers } = await startLimitsOf(bench, inspected)
  const keyturn = await startKeyturn({ env: bench.env, cores: cores.server, args: inspected })
  const members = bench.members.slice(0, settings.connections)
  const [{ accessToken: token }] = bench.members
  const valid = (path: string) => members.map(() => validation(path, token, answers.validated))

  const paths = {
    'validate-token': { keyturn: valid('/api/auth/validate-token'), limit: valid('/validate-token') },
    'refresh-token': { keyturn: members.map(refresh), limit: members.map(update) }
  }
  for (const [path, requests] of Object.entries(paths)) {
    const own = await profile(keyturn, requests.keyturn)
    const bare = await profile(limits.server, requests.limit)
    process.stdout.write(`\n### ${path}\n\n${selfTimes(own, bare)}\n`)
    const file = new URL(`charts/profile-${path}.svg`, import.meta.url)
    await writeFile(file, `${drawFlames(`${path}: where the main thread's time goes`, own.profile)}\n`)
  }

  const signIns = await threadsOf(bench.keyturn.pid, async () => {
    const { latencies } = await httpLoad(bench.keyturn.port, members.map(signIn), seconds)
    return latencies.length
  })
  const hashes = await threadsOf(limits.loops.pid, async () => {
    const { latencies } = await limits.loops.run('verify', seconds)
    return latencies.length
  })
  process.stdout.write(`\n### login, processor time of the threads in ms\n\n${[
    '| | main thread | threads of the lowest priority | others |',
    '| --- | ---: | ---: | ---: |',
    `| Keyturn, a sign-in | ${signIns} |`,
    `| raw argon2.verify | ${hashes} |`
  ].join('\n')}\n`)
  await bench.close()
}).finally(() => postgres.stop())

/** What each kind of thread takes for one of what is counted, after as long a warm-up. */
async function threadsOf (pid: number, load: () => Promise<number>): Promise<string> {
  await load()
  const before = threadTimes(pid)
  const count = await load()
  const after = threadTimes(pid)
  return (['main', 'lowest', 'others'] as const)
    .map(kind => ((after[kind] - before[kind]) / count).toFixed(2)).join(' | ')
}

async function profile ({ child, port }: { child: Child, port: number }, requests: Request[]) {
  await httpLoad(port, requests, warmUpSeconds)
  let count = 0
  const recorded = await profileOf(child, async () => {
    const { latencies } = await httpLoad(port, requests, seconds)
    count = latencies.length
  })
  return { profile: recorded, requests: count }
}
