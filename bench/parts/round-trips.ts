import { setTimeout as delay } from 'node:timers/promises'
import { stoppingChildren } from '../harness/children.js'
import { openConnection } from '../harness/http-connection.js'
import type { Request } from '../harness/http-load.js'
import { startStatementCounter, type StatementCounter } from '../harness/statement-counter.js'
import type { Part } from '../report/results.js'
import { startBetterAuth, type BetterAuthMode } from '../subjects/better-auth.js'
import { startKeyturn } from '../subjects/keyturn.js'
import { startOidcProvider } from '../subjects/oidc-provider.js'
import type { Bench } from './bench.js'
import { betterAuthSession, betterAuthSignIn, signUpBetterAuthUsers } from './better-auth-requests.js'
import { refresh, signIn, taskList, validation } from './keyturn-requests.js'
import { oidcIntrospection, oidcRefresh } from './oidc-requests.js'
import { exchange, introspection } from './partner-requests.js'

/** Requests that are counted, one after the other, after some that prepare statements. */
const counted = 100
const warmUps = 20
const idleMs = 3_000

interface Counted {
  name: string
  port: number
  request: Request
}

/** Counts what each request asks of the database: Keyturn's and its peers'. */
export async function roundTrips (bench: Bench, report: (part: Part) => void): Promise<void> {
  const counter = await startStatementCounter(bench.databaseUrl)
  const rows: Part['table']['rows'] = []
  for (const start of [keyturnRequests, peerRequests]) {
    await stoppingChildren(async () => {
      for (const { name, port, request } of await start(bench, counter.url)) {
        rows.push([name, ...await count(counter, port, request)])
      }
    })
  }
  counter.close()
  report({
    title: 'Statements and round trips of a request',
    remarks: ['What a server asks of its database by itself, while nothing is asked of it, is taken off.'],
    table: { columns: ['', 'statements', 'round trips'], rows },
    bars: [],
    charts: []
  })
}

async function count (counter: StatementCounter, port: number, request: Request): Promise<[number, number]> {
  const connection = await openConnection(port)
  for (let number = 0; number < warmUps; number += 1) await request(connection)
  counter.take()
  await delay(idleMs)
  const idle = counter.take()
  const start = performance.now()
  for (let number = 0; number < counted; number += 1) await request(connection)
  const share = (performance.now() - start) / idleMs
  const { statements, roundTrips } = counter.take()
  connection.close()
  const aRequest = (all: number, idle: number) => Math.max(0, Math.round((all - idle * share) / counted * 10) / 10)
  return [aRequest(statements, idle.statements), aRequest(roundTrips, idle.roundTrips)]
}

async function keyturnRequests ({ env, cores, client, members: [member] }: Bench, url: string): Promise<Counted[]> {
  const { accessToken: token } = member
  const start = (more: object) => startKeyturn({ env: { ...env, DATABASE_URL: url, ...more }, cores: cores.server })
  const { port } = await start({})
  const uncached = await start({ VALIDATION_CACHE_TTL: '0' })
  const connection = await openConnection(port)
  const valid = await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
  connection.close()
  const asClient = (post: ReturnType<typeof introspection>, path: string): Request =>
    async connection => { await post(connection, path) }
  return [
    {
      name: 'Keyturn, validate-token, remembered',
      port,
      request: validation('/api/auth/validate-token', token, valid)
    },
    {
      name: 'Keyturn, validate-token, not remembered',
      port: uncached.port,
      request: validation('/api/auth/validate-token', token, valid)
    },
    { name: 'Keyturn, refresh-token', port, request: refresh(member) },
    { name: 'Keyturn, login', port, request: signIn(member) },
    { name: 'Keyturn, introspect', port, request: asClient(introspection(client, token), '/oauth/introspect') },
    { name: 'Keyturn, token exchange', port, request: asClient(exchange(client, token), '/oauth/token') },
    { name: 'Keyturn, a list of ten tasks', port, request: taskList(member) }
  ]
}

async function peerRequests ({ cores }: Bench, url: string): Promise<Counted[]> {
  const betterAuth = async (mode: BetterAuthMode) => {
    const { port } = await startBetterAuth(url, cores, mode)
    const [user] = await signUpBetterAuthUsers(port, 1)
    if (user === undefined) throw new Error('nobody is signed up')
    return { port, user }
  }
  const [database, cookie, extending] = [
    await betterAuth('database'), await betterAuth('cookie-cache'), await betterAuth('refresh')
  ]
  const oidc = await startOidcProvider(url, cores)
  const [refreshToken = ''] = oidc.refreshTokens
  return [
    {
      name: 'Better Auth, get-session from the database', port: database.port, request: betterAuthSession(database.user)
    },
    { name: 'Better Auth, get-session from its cookie', port: cookie.port, request: betterAuthSession(cookie.user) },
    {
      name: 'Better Auth, get-session that extends it', port: extending.port, request: betterAuthSession(extending.user)
    },
    { name: 'Better Auth, sign-in', port: database.port, request: betterAuthSignIn(database.user) },
    { name: 'oidc-provider, refresh_token grant', port: oidc.port, request: oidcRefresh(oidc.client, refreshToken) },
    {
      name: 'oidc-provider, introspection', port: oidc.port, request: oidcIntrospection(oidc.client, oidc.accessToken)
    }
  ]
}
