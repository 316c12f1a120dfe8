import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openConnection } from '../harness/http-connection.js'
import { cpuMilliseconds } from '../harness/process-usage.js'
import { settings } from '../harness/settings.js'
import { quantile } from '../harness/statistics.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { emailOf, password } from './population.js'

const most = { corePercent: 5, noticeMs: 1_000 }
const secret = 'secret-of-a-partner'
/** Longer than a poll that gets nothing. */
const pollPatienceMs = 15_000

interface Polls {
  sets: Record<string, string>
}

/** Lets many partners poll at once: what that costs while nothing happens, and when all have got a sign-out. */
export async function polls (bench: Bench, report: (part: Part) => void): Promise<void> {
  const { pid, port } = await startKeyturn({ env: bench.env, cores: bench.cores.server })
  const ids = Array.from({ length: settings.pollingPartners }, (_, number) => `poller_${number}`)
  await bench.sql`
    INSERT INTO clients (id, name, secret_hash, grants, audience, scope)
    SELECT id, id, ${createHash('sha256').update(secret).digest()}, '', id, '' FROM unnest(${ids}::text[]) AS id`

  const idlePercent = await percentOfCore(pid)

  const over = new AbortController()
  const arrivals: number[] = []
  const connections = await Promise.all(ids.map(() => openConnection(port, pollPatienceMs)))
  const partners = connections.map(async (connection, number) => {
    const credentials = Buffer.from(`${ids[number]}:${secret}`).toString('base64')
    const headers = `content-type: application/json\r\nauthorization: Basic ${credentials}`
    for (let ack: string[] = []; !over.signal.aborted;) {
      const { sets } = JSON.parse(await connection.post('/oauth/events', JSON.stringify({ ack }), headers)) as Polls
      ack = Object.keys(sets)
      arrivals.push(...ack.map(() => performance.now()))
    }
  })
  await delay(settings.warmUpSeconds * 1000)

  const pollPercent = await percentOfCore(pid) - idlePercent

  const connection = await openConnection(port)
  const firsts: number[] = []
  const lasts: number[] = []
  for (let notice = 0; notice < settings.notices; notice += 1) {
    const { data } = JSON.parse(await connection.post('/api/auth/login', JSON.stringify({
      email: emailOf(0), password
    }))) as { data: { token: string } }
    arrivals.length = 0
    const since = performance.now()
    await connection.post('/api/auth/revoke-token', JSON.stringify({ token: data.token }))
    while (arrivals.length < ids.length) await delay(1)
    firsts.push(Math.min(...arrivals) - since)
    lasts.push(Math.max(...arrivals) - since)
  }
  over.abort()
  await Promise.all(partners)
  for (const each of [connection, ...connections]) each.close()
  await bench.sql`DELETE FROM clients WHERE id LIKE 'poller_%'`

  report({
    title: `${ids.length} partners that poll at once, and ${settings.notices} sign-outs`,
    remarks: ['Of one core, for the server without Postgres. A sign-out counts as arrived when its poll is answered.'],
    table: {
      columns: ['', 'p50', 'most'],
      rows: [
        ['% of a core that the polls take while nothing happens', pollPercent, pollPercent],
        ['% of a core that the server takes without them', idlePercent, idlePercent],
        ['ms until the first partner has a sign-out', quantile(firsts, 0.5), Math.max(...firsts)],
        ['ms until all partners have it', quantile(lasts, 0.5), Math.max(...lasts)]
      ]
    },
    bars: [
      mostBar(`${ids.length} partners that poll, while nothing happens`, most.corePercent, '% of a core', pollPercent),
      mostBar(`a sign-out at all of ${ids.length} partners`, most.noticeMs, 'ms', Math.max(...lasts))
    ],
    charts: []
  })
}

/** Over half a minute. */
async function percentOfCore (pid: number): Promise<number> {
  const before = Number(cpuMilliseconds(pid))
  await delay(settings.idlePollSeconds * 1000)
  return (Number(cpuMilliseconds(pid)) - before) / settings.idlePollSeconds / 10
}
