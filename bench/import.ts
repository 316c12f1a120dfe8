import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { startPostgres } from './harness/postgres.js'

/*
 * How long an import of many accounts takes, and their export, with which memory, and what becomes of one that is
 * killed on its way.
 */

const count = Number(process.argv[2] ?? 1_000_000)
const kills = 10
const pollMs = 50
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

interface Run {
  seconds: number
  /** MiB, the most that was resident. */
  memory: number
  code: number | null
}

const folder = await mkdtemp(join(tmpdir(), 'keyturn-import-'))
const server = await startPostgres()
const sql = postgres(server.url, { max: 1, onnotice: () => {} })

function * lines (): Generator<string> {
  const hash = `$2b$10$${'abcdefghijklmnopqrstuv'}${'A'.repeat(31)}`
  for (let index = 0; index < count; index += 1) {
    yield `${JSON.stringify({
      id: randomUUID(),
      email: `user${index}@example.com`,
      emailVerified: true,
      name: `User ${index}`,
      createdAt: '2024-01-02T03:04:05.678Z',
      externalId: `old-${index}`,
      passwordHash: hash
    })}\n`
  }
}

/** Runs a command over a database. @param killAfterMs when it is killed, if it is */
async function keyturn (database: string, args: string[], output: string, killAfterMs?: number): Promise<Run> {
  const started = performance.now()
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, DATABASE_URL: database, KEYTURN_SECRET: 'a secret of the bench, not of anyone else' },
    stdio: ['ignore', openSync(output, 'w'), 'inherit']
  })
  let memory = 0
  const watch = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, 'utf8').then(status => {
      memory = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
    }).catch(() => {})
  }, pollMs)
  const kill = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [code] = await once(child, 'exit') as [number | null]
  clearInterval(watch)
  clearTimeout(kill)
  return { seconds: (performance.now() - started) / 1000, memory, code }
}

async function newDatabase (name: string): Promise<string> {
  await sql`CREATE DATABASE ${sql(name)}`
  return Object.assign(new URL(server.url), { pathname: `/${name}` }).href
}

/** How many accounts a database has, and a digest of what is in them. */
async function contentOf (database: string): Promise<{ accounts: number, emails: number }> {
  const db = postgres(database, { max: 1 })
  const [row] = await db<[{ accounts: number, emails: number }]>`
    SELECT count(*)::int AS accounts, count(DISTINCT email)::int AS emails FROM accounts`
  await db.end()
  return row
}

const say = (what: string, { seconds, memory }: Run) =>
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s, at most ${memory.toFixed(0)} MiB\n`)

try {
  const file = join(folder, 'users.ndjson')
  await pipeline(Readable.from(lines()), createWriteStream(file))
  const importArgs = ['account', 'import', file, '--json']
  const output = join(folder, 'output')

  const first = await newDatabase('import_once')
  say(`import of ${count} accounts`, await keyturn(first, importArgs, output))
  const exported = join(folder, 'export.ndjson')
  say(`export of ${count} accounts`, await keyturn(first, ['account', 'export', '--with-hashes'], exported))

  const second = await newDatabase('import_killed')
  let run = await keyturn(second, importArgs, output, 5_000)
  for (let kill = 1; kill < kills; kill += 1) {
    run = await keyturn(second, [...importArgs, '--resume'], output, 2_000 + Math.random() * 4_000)
  }
  run = await keyturn(second, [...importArgs, '--resume'], output)
  say(`the last part of an import that was killed ${kills} times`, run)
  process.stdout.write(`killed: ${JSON.stringify(await contentOf(second))}, ${await readFile(output, 'utf8')}\n`)

  const third = await newDatabase('import_back')
  say('import of the export', await keyturn(third, ['account', 'import', exported, '--json'], output))
  const back = join(folder, 'back.ndjson')
  await keyturn(third, ['account', 'export', '--with-hashes'], back)
  process.stdout.write(`the same after export and import: ${await isSame(exported, back)}\n`)
} finally {
  await sql.end()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

async function isSame (one: string, other: string): Promise<boolean> {
  const others = createInterface({ input: createReadStream(other) })[Symbol.asyncIterator]()
  for await (const line of createInterface({ input: createReadStream(one) })) {
    if ((await others.next()).value !== line) return false
  }
  return (await others.next()).done === true
}
