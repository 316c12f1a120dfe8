import { compare, type Measured, type Subject } from '../harness/comparison.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import { settings } from '../harness/settings.js'
import { cpuBar, rateBar } from '../report/bars.js'
import { comparisonChart } from '../report/comparison-chart.js'
import { comparisonTable, remarksOn } from '../report/comparison-table.js'
import type { Bar, Part } from '../report/results.js'
import { hotShares } from '../subjects/session-row.js'
import type { Bench } from './bench.js'
import { betterAuthSession, betterAuthSignIn } from './better-auth-requests.js'
import { asPartner, asUser, refresh, signIn, taskList, update, validation } from './keyturn-requests.js'
import { oidcIntrospection, oidcRefresh } from './oidc-requests.js'
import { exchange, introspection } from './partner-requests.js'
import { startPeers } from './peers.js'

interface Comparison {
  title: string
  /** Keyturn first, where it is not compared with something else. */
  subjects: Subject[]
  bars?: (...measured: Measured[]) => Bar[]
  roundSeconds?: number
}

/** Measures each path of Keyturn against what it cannot be faster than and against its peers. */
export async function comparisons (bench: Bench, report: (part: Part) => void): Promise<void> {
  for (const comparison of await listComparisons(bench)) {
    const { title, subjects, bars, roundSeconds = settings.roundSeconds } = comparison
    const measured = await compare(subjects, { rounds: settings.rounds, roundSeconds })
    report({
      title,
      remarks: remarksOn(measured),
      table: comparisonTable(measured),
      bars: bars?.(...measured) ?? [],
      charts: subjects.length === 1 ? [] : [comparisonChart(title, measured)]
    })
  }
  const hot = await hotShares(bench.sql)
  report({
    title: 'heap-only updates',
    remarks: [],
    table: { columns: ['table', 'share of its updates'], rows: hot.map(({ table, share }) => [table, share]) },
    bars: [],
    charts: []
  })
}

async function listComparisons (bench: Bench): Promise<Comparison[]> {
  const { keyturn, uncached, client } = bench
  const { limits, answers, partnerService, oidc, betterAuth } = await startPeers(bench)
  const members = bench.members.slice(0, settings.connections)
  const [{ accessToken: token }] = bench.members

  const everybody = (request: Request) => members.map(() => request)
  const toKeyturn = (requests: Request[]) => loaded('Keyturn', keyturn, requests)
  const toLimit = (name: string, requests: Request[]) => loaded(name, limits.server, requests)
  const inLoop = (name: string, loop: 'update' | 'verify'): Subject =>
    ({ name, pids: [limits.loops.pid], run: seconds => limits.loops.run(loop, seconds) })
  const toBetterAuth = (name: string, { users, ...server }: typeof betterAuth.database) =>
    loaded(name, server, users.map(betterAuthSession))

  const valid = everybody(validation('/api/auth/validate-token', token, answers.validated))
  const introspected = (path: string) => everybody(asPartner(introspection(client, token), path, answers.introspected))
  const exchanged = (path: string) => everybody(asPartner(exchange(client, token), path, answers.exchanged))

  return [
    {
      title: 'validate-token, the same token again and again',
      subjects: [
        toKeyturn(valid),
        toLimit('bare Fastify route', everybody(validation('/validate-token', token, answers.validated))),
        loaded('Keyturn without its cache', uncached, valid),
        toBetterAuth('Better Auth, get-session from the database', betterAuth.database),
        toBetterAuth('Better Auth, get-session from its cookie', betterAuth.cookieCache)
      ],
      bars: (keyturn, bare, _uncached, database) => [
        cpuBar('`validate-token`, CPU to the bare route', 1.25, keyturn, bare),
        cpuBar('`validate-token`, CPU to Better Auth\'s get-session from the database', 1 / 30, keyturn, database)
      ]
    },
    {
      title: 'refresh-token, the newest token of each session',
      subjects: [
        toKeyturn(members.map(refresh)),
        toLimit('raw UPDATE behind a bare Fastify route', members.map(update)),
        inLoop('raw UPDATE, no HTTP', 'update'),
        loaded('oidc-provider, refresh_token grant', oidc,
          oidc.refreshTokens.map(token => oidcRefresh(oidc.client, token))),
        toBetterAuth('Better Auth, get-session that extends it', betterAuth.refresh)
      ],
      bars: (keyturn, raw, _loop, oidc) => [
        rateBar('`refresh-token`, rate to a raw UPDATE', 0.7, keyturn, raw),
        cpuBar('`refresh-token`, CPU to oidc-provider\'s refresh_token grant', 1 / 4, keyturn, oidc)
      ]
    },
    {
      title: 'login',
      roundSeconds: settings.slowRoundSeconds,
      subjects: [
        toKeyturn(members.map(signIn)),
        inLoop('raw argon2.verify, no HTTP', 'verify'),
        loaded('Better Auth, sign-in (scrypt)', betterAuth.database, betterAuth.database.users.map(betterAuthSignIn))
      ],
      bars: (keyturn, raw) => [rateBar('`login`, rate to raw argon2', 0.97, keyturn, raw)]
    },
    {
      title: 'introspect, the same token again and again',
      subjects: [
        toKeyturn(introspected('/oauth/introspect')),
        toLimit('two raw SELECTs behind a bare Fastify route', introspected('/introspect')),
        loaded('oidc-provider, introspection', oidc, everybody(oidcIntrospection(oidc.client, oidc.accessToken)))
      ]
    },
    {
      title: 'token exchange, the same token again and again',
      subjects: [
        toKeyturn(exchanged('/oauth/token')),
        toLimit('raw SELECT and ES256 signature behind a bare Fastify route', exchanged('/exchange'))
      ]
    },
    {
      title: 'local verification with events, the same token again and again',
      subjects: [
        loaded('examples/local-verification.mjs', partnerService, everybody(asUser(token))),
        loaded('Keyturn, validate-token', keyturn, valid)
      ]
    },
    { title: 'a list of ten tasks', subjects: [toKeyturn(members.map(taskList))] }
  ]
}

function loaded (name: string, { pid, port }: { pid: number, port: number }, requests: Request[]): Subject {
  return { name, pids: [pid], run: seconds => httpLoad(port, requests, seconds) }
}
