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
const secret = 'secret of a partner'

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

  const over = new AbortController()
  const arrivals: number[] = []
  const partners = ids.map(async id => {
    for (let ack: string[] = []; !over.signal.aborted;) {
      const response = await fetch(`http://127.0.0.1:${port}/oauth/events`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${id}:${encodeURIComponent(secret)}`).toString('base64')}`,
          'content-type': 'application/json'
        },
        body: JSON.stringify({ ack }),
        signal: over.signal
      }).catch(() => null)
      if (response === null) return
      const { sets } = await response.json() as Polls
      ack = Object.keys(sets)
      arrivals.push(...ack.map(() => performance.now()))
    }
  })
  await delay(settings.warmUpSeconds * 1000)

  const before = Number(cpuMilliseconds(pid))
  await delay(settings.idlePollSeconds * 1000)
  const corePercent = (Number(cpuMilliseconds(pid)) - before) / settings.idlePollSeconds / 10

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
  connection.close()
  await bench.sql`DELETE FROM clients WHERE id LIKE 'poller_%'`

  report({
    title: `${ids.length} partners that poll at once, and ${settings.notices} sign-outs`,
    remarks: ['Of one core, for the server without Postgres. A sign-out counts as arrived when its poll is answered.'],
    table: {
      columns: ['', 'p50', 'most'],
      rows: [
        ['% of a core while nothing happens', corePercent, corePercent],
        ['ms until the first partner has a sign-out', quantile(firsts, 0.5), Math.max(...firsts)],
        ['ms until all partners have it', quantile(lasts, 0.5), Math.max(...lasts)]
      ]
    },
    bars: [
      mostBar(`${ids.length} partners that poll, while nothing happens`, most.corePercent, '% of a core', corePercent),
      mostBar(`a sign-out at all of ${ids.length} partners`, most.noticeMs, 'ms', Math.max(...lasts))
    ],
    charts: []
  })
}
