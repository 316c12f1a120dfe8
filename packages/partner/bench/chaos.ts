import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { crash, stoppingChildren } from '../../../bench/harness/children.js'
import { divideCores } from '../../../bench/harness/cores.js'
import { freePort } from '../../../bench/harness/free-port.js'
import { startPostgres } from '../../../bench/harness/postgres.js'
import { quantile } from '../../../bench/harness/statistics.js'
import { addAccount, keyturnEnvironment, startKeyturn, type Keyturn } from '../../../bench/subjects/keyturn.js'
import { connect } from '../../../src/db/client.js'
import { createPartner, type InvalidToken, type Partner } from '../src/index.js'

/* Prints how @keyturn/partner bears faults (bench/README.md); ends with 1 after a false 401 or a false accept. */

const person = { email: 'ann@example.com', password: 'violin harbor meadow' }
const client = { id: 'client_bench', secret: 'secret-of-the-bench' }
const rounds = 1_000
/** Of a hundred rounds. A half-open connection takes the poll's twelve seconds to be noticed. */
const faults = [
  ...Array<'cut'>(40).fill('cut'), ...Array<'slow'>(27).fill('slow'), ...Array<'away'>(20).fill('away'),
  ...Array<'partner restarted'>(10).fill('partner restarted'), 'issuer killed', 'keys rotated', 'half open'
] as const

type Fault = typeof faults[number]

/** Milliseconds from the end of a fault, or from the feed being current, to the refusal. */
const deadlineMs = 1_000
/** A feed that was silent for so long counts for nothing, so that each request is asked about. */
const maxSilenceMs = 15_500

let fault: Fault | null = null

/** A connection with the fault of the round. */
const faultyFetch: typeof fetch = async (input, init) => {
  const isPoll = String(input instanceof Request ? input.url : input).endsWith('/oauth/events')
  if (fault === 'away' || (fault === 'cut' && isPoll)) throw new TypeError('fetch failed')
  if (fault === 'slow') await delay(100 + Math.random() * 200)
  const reply = await fetch(input, init)
  const isLost = isPoll && fault !== null && ['cut', 'half open'].includes(fault)
  if (isLost && fault === 'half open') {
    await new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
    })
  }
  if (isLost) throw new TypeError('terminated')
  return reply
}

const cores = divideCores()
const postgres = await startPostgres()
const counts = { false401: 0, falseAccepts: 0, unavailable: 0, checks: 0 }
const times: number[] = []

const isGood = await stoppingChildren(async () => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const env = { ...keyturnEnvironment(postgres.url, cores, port), REFRESH_RETRY_WINDOW: '10' }
  addAccount(env, person.email, person.password)
  const start = () => startKeyturn({ env, cores: cores.server, contracts: 'partner,oauth', port })
  let keyturn: Keyturn = await start()
  const sql = connect({ url: postgres.url }, { max: 1 })
  await sql`
    INSERT INTO clients (id, name, secret_hash, grants, audience, scope)
    VALUES (${client.id}, 'bench', ${createHash('sha256').update(client.secret).digest()}, '', ${client.id}, '')`
  await sql.end()
  let partner: Partner = connectPartner()

  function connectPartner (): Partner {
    return createPartner({ issuer, clientId: client.id, clientSecret: client.secret, fetch: faultyFetch })
  }

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return await reply.json() as { data: { token: string } }
  }
  const signIn = async () => (await post('/api/auth/login', person)).data.token
  const answerTo = (token: string) => partner.verify(token).then(() => 200, ({ status }: InvalidToken) => status)

  /** A token that is good may be accepted, or not be decided about. */
  async function checkGood (token: string): Promise<void> {
    const status = await answerTo(token)
    counts.checks += 1
    if (status === 401) counts.false401 += 1
    if (status === 503) counts.unavailable += 1
  }

  async function begin (kind: Fault): Promise<void> {
    if (kind === 'partner restarted') {
      await partner.close()
      partner = connectPartner()
    } else if (kind === 'issuer killed') {
      await crash(keyturn.child)
    } else if (kind === 'keys rotated') {
      const command = [new URL('../../../bin/keyturn.cjs', import.meta.url).pathname, 'key', 'rotate', '--now']
      execFileSync(process.execPath, command, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
    } else fault = kind
  }

  async function end (kind: Fault): Promise<void> {
    if (kind === 'issuer killed') keyturn = await start()
    fault = null
  }

  for (let round = 0; round < rounds; round += 1) {
    const kind = faults[round * 37 % faults.length] ?? 'cut'
    const [good, ending] = [await signIn(), await signIn()]
    for (const token of [good, ending]) await checkGood(token)
    if (kind !== 'issuer killed') await post('/api/auth/revoke-token', { token: ending })
    await begin(kind)
    await Promise.all([checkGood(good), delay(20)])
    await end(kind)
    if (kind === 'issuer killed') await post('/api/auth/revoke-token', { token: ending })

    const since = performance.now()
    const limit = kind === 'half open' ? maxSilenceMs : deadlineMs
    let status = await answerTo(ending)
    while (status !== 401 && performance.now() - since < limit + deadlineMs) {
      await delay(5)
      status = await answerTo(ending)
    }
    const tookMs = performance.now() - since
    if (status !== 401 || tookMs > limit) counts.falseAccepts += 1
    if (kind !== 'half open') times.push(tookMs)
    await checkGood(good)
    if (await answerTo(ending) === 200) counts.falseAccepts += 1
  }
  await partner.close()
  return counts.false401 === 0 && counts.falseAccepts === 0
}).finally(() => postgres.stop())

const rows = {
  'rounds, each with a fault': rounds,
  'checks of a token that is good': counts.checks,
  'of these refused with 401': counts.false401,
  'of these 503': counts.unavailable,
  'ended tokens accepted too late or again': counts.falseAccepts,
  'refused after the fault, p50 ms': Math.round(quantile(times, 0.5)),
  'refused after the fault, p99 ms': Math.round(quantile(times, 0.99))
}
for (const [name, value] of Object.entries(rows)) process.stdout.write(`| ${name} | ${value.toLocaleString('en')} |\n`)
process.exitCode = isGood ? 0 : 1
