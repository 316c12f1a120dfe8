import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import argon2 from 'argon2'
import { openConnection, type HttpConnection } from '../harness/http-connection.js'
import { median } from '../harness/statistics.js'
import { settings } from '../harness/settings.js'
import type { Part } from '../report/results.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { emailOf, password } from './population.js'

/** Of the hashes that were stored before the cost was raised to the default. */
const oldCost = { memoryCost: 4_096, timeCost: 2, parallelism: 1 }

/** Of contracts partner, session, spa and tasks; that of web is the same as that of tasks. */
const signInRoutes = ['/api/auth/login', '/api/auth/sign-in/email', '/api/auth/token', '/auth/login']

/** Those that send a mail, each to addresses of its own: an address gets one a minute. */
const mailRoutes = ['password-reset', 'email-verification', 'sign-in/code', 'sign-in/link']

/** Between these a measurement tells one kind of email from the other no better than chance. */
const aim = { least: 0.45, most: 0.55 }

const wrongPassword = 'a wrong password'
const agent = 'user-agent: bench'

const unlimited = '1000000'

/** Requests that are answered alike for an email with and without an account. */
interface Probe {
  route: string
  pairs: number
  /** What every reply has to be. */
  status: number
  known: (pair: number) => string
  body: (email: string) => object
}

/** Whether the time of a reply tells an email with an account from one without: in pairs, in changing order. */
export async function enumeration (bench: Bench, report: (part: Part) => void): Promise<void> {
  const email = emailOf(0)
  const hash = await argon2.hash(password, oldCost)
  await bench.sql`UPDATE accounts SET password_hash = ${hash} WHERE email = ${email}`
  const { mailPairs, enumerationPairs } = settings
  for (const route of mailRoutes) {
    await bench.sql`
      INSERT INTO accounts (id, email, password_hash)
      SELECT gen_random_uuid(), ${mailedTo(route)} || n || '@example.com', ${hash}
      FROM generate_series(0, ${mailPairs - 1}::int) AS n`
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'keyturn-bench-'))
  const { port } = await startKeyturn({
    env: {
      ...bench.env,
      DATA_DIR: dataDir,
      LOGIN_MAX_FAILURES: unlimited,
      LOGIN_MAX_FAILURES_PER_ACCOUNT: unlimited,
      LOGIN_MAX_FAILURES_PER_ADDRESS: unlimited,
      MAIL_MAX_PER_NETWORK: unlimited,
      MAIL_MAX_PER_HOUR: unlimited
    },
    cores: bench.cores.server,
    contracts: 'partner,session,spa,tasks,account'
  })
  const connection = await openConnection(port)
  const signIns = signInRoutes.map((route): Probe => ({
    route,
    pairs: enumerationPairs,
    status: 401,
    known: () => email,
    body: each => ({ email: each, password: wrongPassword })
  }))
  const mails = mailRoutes.map((route): Probe => ({
    route: `/api/account/${route}`,
    pairs: mailPairs,
    status: 202,
    known: pair => `${mailedTo(route)}${pair}@example.com`,
    body: each => ({ email: each })
  }))
  report(await measure(
    `${enumerationPairs} failed sign-ins with and without an account, the hashing cost raised before`,
    signIns, connection))
  report(await measure(`${mailPairs} mails asked for with and without an account`, mails, connection))
  connection.close()
  await rm(dataDir, { recursive: true })
}

const mailedTo = (route: string) => `${route.replaceAll('/', '-')}-`

async function measure (title: string, probes: readonly Probe[], connection: HttpConnection): Promise<Part> {
  const rows = []
  for (const { route, pairs, status, known, body } of probes) {
    const times = { known: [] as number[], unknown: [] as number[] }
    for (let pair = 0; pair < pairs; pair += 1) {
      const emails = [['known', known(pair)], ['unknown', `unknown-${mailedTo(route)}${pair}@example.com`]] as const
      for (const [kind, each] of pair % 2 === 0 ? emails : emails.toReversed()) {
        const since = performance.now()
        const found = await connection.statusOf(route, JSON.stringify(body(each)), agent)
        times[kind].push(performance.now() - since)
        if (found !== status) throw new Error(`${route}: ${found}, not ${status}`)
      }
    }
    rows.push({
      route, known: median(times.known), unknown: median(times.unknown), auc: auc(times.known, times.unknown)
    })
  }
  return {
    title,
    remarks: ['AUC is the chance that the one with an account took longer: 0.5 tells nothing.'],
    table: {
      columns: ['', 'p50 ms with an account', 'p50 ms without', 'AUC'],
      rows: rows.map(({ route, known, unknown, auc }) => [route, known, unknown, auc])
    },
    bars: rows.map(({ route, auc }) => ({
      what: `AUC of ${route}`,
      aim: `${aim.least} to ${aim.most}`,
      value: auc,
      unit: '',
      met: auc >= aim.least && auc <= aim.most
    })),
    charts: []
  }
}

/** The area under the ROC curve: the share of pairs of which the first is greater, or by chance equal. */
function auc (greater: readonly number[], smaller: readonly number[]): number {
  const ranked = [...greater.map(value => ({ value, isGreater: true })), ...smaller.map(value =>
    ({ value, isGreater: false }))].sort((a, b) => a.value - b.value)
  let below = 0
  let pairs = 0
  for (const { isGreater } of ranked) {
    if (isGreater) pairs += below
    else below += 1
  }
  return pairs / (greater.length * smaller.length)
}
