import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { openConnection } from '../harness/http-connection.js'
import { quantile } from '../harness/statistics.js'
import { settings } from '../harness/settings.js'
import { mostBar } from '../report/bars.js'
import type { Part } from '../report/results.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { emailOf, password } from './population.js'

const titleLength = 250
const tasks = 1_000
const mebibyte = 1024 * 1024
const most = { heapMiB: 256, validateMs: 250 }
const pollMs = 250

/** Asks for a large reply on many connections that read nothing, and looks at the heap and at another client. */
export async function unreadReplies (bench: Bench, report: (part: Part) => void): Promise<void> {
  const { port, opsPort } = await startKeyturn({ env: bench.env, cores: bench.cores.server })
  const connection = await openConnection(port)
  const { data } = JSON.parse(await connection.post('/api/auth/login', JSON.stringify({
    email: emailOf(0), password
  }))) as { data: { token: string } }
  await bench.sql`
    INSERT INTO tasks (account_id, id, title)
    SELECT id, gen_random_uuid(), repeat('x', ${titleLength}) FROM accounts, generate_series(1, ${tasks})
    WHERE email = ${emailOf(0)}`

  const sockets: Socket[] = []
  const heaps: number[] = []
  const times: number[] = []
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      heaps.push(await heapOf(opsPort))
      const since = performance.now()
      await connection.post('/api/auth/validate-token', JSON.stringify({ token: data.token }))
      times.push(performance.now() - since)
      await delay(pollMs)
    }
  })()
  for (let n = 0; n < settings.unreadSockets; n += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {}).pause()
    await once(socket, 'connect')
    socket.write(`GET /tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${data.token}\r\n\r\n`.repeat(4))
    sockets.push(socket)
  }
  await delay(settings.unreadSeconds * 1000)
  over.abort()
  await watching
  for (const socket of sockets) socket.destroy()
  connection.close()
  await bench.sql`DELETE FROM tasks`

  report({
    title: `${settings.unreadSockets} connections that ask for ${tasks} tasks four times each and read nothing`,
    remarks: ['The heap is what V8 uses, as /metrics says, looked at four times a second.'],
    table: {
      columns: ['', 'most', 'p50'],
      rows: [
        ['heap MiB', Math.max(...heaps), quantile(heaps, 0.5)],
        ['validate-token of another client, ms', Math.max(...times), quantile(times, 0.5)]
      ]
    },
    bars: [
      mostBar('heap with connections that do not read', most.heapMiB, 'MiB', Math.max(...heaps)),
      mostBar('validate-token meanwhile, p99', most.validateMs, 'ms', quantile(times, 0.99))
    ],
    charts: []
  })
}

async function heapOf (opsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
  return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1]) / mebibyte
}
