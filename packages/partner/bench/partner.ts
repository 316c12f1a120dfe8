import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { stoppingChildren } from '../../../bench/harness/children.js'
import { divideCores } from '../../../bench/harness/cores.js'
import { freePort } from '../../../bench/harness/free-port.js'
import { startPostgres } from '../../../bench/harness/postgres.js'
import { quantile } from '../../../bench/harness/statistics.js'
import { addAccount, keyturnEnvironment, startKeyturn } from '../../../bench/subjects/keyturn.js'
import { connect } from '../../../src/db/client.js'
import { createPartner, type InvalidToken } from '../src/index.js'
import { createSessionStates } from '../src/session-states.js'
import { createHash, randomUUID } from 'node:crypto'

/* Prints the figures of bench/README.md about @keyturn/partner. */

const person = { email: 'ann@example.com', password: 'violin harbor meadow' }
const client = { id: 'client_bench', secret: 'secret-of-the-bench' }
const signOuts = 200
const [rounds, verifications] = [20, 1_000]
const ended = 1_000_000

async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise(resolve => { setTimeout(resolve, 1) })
}

/** Milliseconds of processor time of some work, of this process. */
async function cpuOf (work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < verifications; n += 1) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function memoryOfEnded (): number {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const states = createSessionStates({ maxEnded: 2 * ended })
  for (let n = 0; n < ended; n += 1) states.markEnded(randomUUID())
  globalThis.gc?.()
  const bytes = process.memoryUsage().heapUsed - before
  states.isEnded('x')
  return bytes / 1024 / 1024
}

const cores = divideCores()
const postgres = await startPostgres()
await stoppingChildren(async () => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const env = { ...keyturnEnvironment(postgres.url, cores, port), REFRESH_RETRY_WINDOW: '10' }
  addAccount(env, person.email, person.password)
  await startKeyturn({ env, cores: cores.server, contracts: 'partner,oauth', port })
  const sql = connect({ url: postgres.url }, { max: 1 })
  await sql`
    INSERT INTO clients (id, name, secret_hash, grants, audience, scope)
    VALUES (${client.id}, 'bench', ${createHash('sha256').update(client.secret).digest()}, '', ${client.id}, '')`
  await sql.end()

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return await reply.json() as { data: { token: string } }
  }
  const signIn = async () => (await post('/api/auth/login', person)).data.token

  const partner = createPartner({ issuer, clientId: client.id, clientSecret: client.secret })
  await until(() => partner.health().feed === 'current')
  const token = await signIn()
  await partner.verify(token)
  const keys = createLocalJWKSet(await (await fetch(`${issuer}/.well-known/jwks.json`)).json() as JSONWebKeySet)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const alone = () => cpuOf(() => jwtVerify(token, keys, { issuer, audience: issuer }))
    const ours = () => cpuOf(() => partner.verify(token))
    const [first, second] = round % 2 === 0 ? [await ours(), await alone()] : [await alone(), await ours()]
    ratios.push(round % 2 === 0 ? first / second : second / first)
  }

  // A service, as the one who signs out sees it.
  const service = createServer((request, response) => {
    partner.verify(String(request.headers.authorization)).then(
      () => response.end('fine'), ({ status }: InvalidToken) => response.writeHead(status).end())
  })
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const statusOf = async (bearer: string) => (await fetch(url, { headers: { authorization: bearer } })).status
  const times: number[] = []
  for (let n = 0; n < signOuts; n += 1) {
    const bearer = await signIn()
    if (await statusOf(bearer) !== 200) throw new Error('a good token was refused')
    await post('/api/auth/revoke-token', { token: bearer })
    const since = performance.now()
    await until(async () => await statusOf(bearer) === 401)
    times.push(performance.now() - since)
  }
  service.close()
  await partner.close()

  const rows = {
    'CPU of a verification to that of jose.jwtVerify alone, median': quantile(ratios, 0.5).toFixed(3),
    'sign-out refused, p50 ms': quantile(times, 0.5).toFixed(0),
    'sign-out refused, p99 ms': quantile(times, 0.99).toFixed(0),
    'memory of 1,000,000 ended sessions, MiB': memoryOfEnded().toFixed(1)
  }
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`| ${name} | ${value} |\n`)
}).finally(() => postgres.stop())
