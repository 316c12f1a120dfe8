import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { freePort } from './harness/free-port.js'
import { startPostgres } from './harness/postgres.js'

/*
 * Events to a receiver that refuses half of them, sent by a server that is killed again and again: what was received,
 * and how often. Another receiver hangs. Retries that would wait for hours are made due at once.
 */

const events = Number(process.argv[2] ?? 10_000)
const kills = 20
const run = promisify(execFile)
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const server = await startPostgres()
const sql = postgres(server.url, { max: 2, onnotice: () => {} })
const env = {
  PATH: process.env.PATH,
  DATABASE_URL: server.url,
  KEYTURN_SECRET: 'a secret of the bench, not of anyone else',
  WEBHOOK_LOOPBACK: 'true',
  LISTEN: `127.0.0.1:${await freePort()}=ops`,
  LOG_LEVEL: 'error'
}

/** How often each event was taken, and how often it was refused. */
const taken = new Map<string, number>()
let refused = 0

async function listen (answer: Parameters<typeof createServer>[1]): Promise<string> {
  const receiver = createServer(answer ?? (() => {})).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  receiver.unref()
  return `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
}

const failing = await listen((request, response) => {
  request.resume().on('end', () => {
    if (Math.random() < 0.5) {
      refused += 1
      response.writeHead(500).end()
      return
    }
    const id = String(request.headers['webhook-id'])
    taken.set(id, (taken.get(id) ?? 0) + 1)
    response.writeHead(204).end()
  })
})
const hanging = await listen(() => {})

const serve = (): ChildProcess =>
  spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
const pending = async (url: string): Promise<number> => {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM webhook_deliveries AS delivery JOIN webhooks AS webhook
      ON webhook.id = delivery.webhook_id WHERE webhook.url = ${url} AND delivery.delivered_at IS NULL`
  return row.count
}

try {
  for (const url of [failing, hanging]) {
    await run(process.execPath, [main, 'webhook', 'add', url, '--events', 'account_created'], { env })
  }
  await sql`
    INSERT INTO audit_events (account_id, event)
    SELECT gen_random_uuid(), 'account_created' FROM generate_series(1, ${events})`
  const began = performance.now()
  let keyturn = serve()
  for (let kill = 0; kill < kills; kill += 1) {
    await delay(1_000 + Math.random() * 2_000)
    keyturn.kill('SIGKILL')
    await once(keyturn, 'exit')
    await sql`UPDATE webhook_deliveries SET due_at = now() WHERE delivered_at IS NULL AND failed_at IS NULL`
    keyturn = serve()
  }
  while (taken.size < events || await pending(failing) > 0) {
    await delay(500)
    await sql`
      UPDATE webhook_deliveries SET due_at = now()
      WHERE delivered_at IS NULL AND due_at > now() + interval '61 s'`
    await sql`UPDATE webhook_deliveries SET failed_at = NULL, attempts = 0 WHERE failed_at IS NOT NULL`
    if (performance.now() - began > 600_000) break
  }
  const seconds = (performance.now() - began) / 1000
  keyturn.kill('SIGTERM')
  await once(keyturn, 'exit')
  const repeats = [...taken.values()].filter(times => times > 1).length
  const rows = {
    events,
    'received, by different ids': taken.size,
    'received more than once': repeats,
    'refused by the receiver': refused,
    'kills of the server': kills,
    'not delivered to it': await pending(failing),
    'waiting for the receiver that hangs': await pending(hanging)
  }
  const lines = Object.entries(rows).map(([name, value]) => `| ${name} | ${value.toLocaleString('en')} |\n`)
  process.stdout.write(`${lines.join('')}\n${Math.round(seconds)} s\n`)
  process.exitCode = Number(taken.size !== events)
} finally {
  await sql.end()
  await server.stop()
}
