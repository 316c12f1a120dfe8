import argon2 from 'argon2'
import { openConnection } from '../harness/http-connection.js'
import { median } from '../harness/statistics.js'
import { settings } from '../harness/settings.js'
import type { Part } from '../report/results.js'
import { startKeyturn } from '../subjects/keyturn.js'
import type { Bench } from './bench.js'
import { emailOf, password } from './population.js'

/** Of the hashes that were stored before the cost was raised to the default. */
const oldCost = { memoryCost: 4_096, timeCost: 2, parallelism: 1 }

/** Of contracts partner, session, spa and tasks; that of web is the same as that of tasks. */
const routes = ['/api/auth/login', '/api/auth/sign-in/email', '/api/auth/token', '/auth/login']

/** Between these a measurement tells one kind of email from the other no better than chance. */
const aim = { least: 0.45, most: 0.55 }

const wrongPassword = 'a wrong password'
const agent = 'user-agent: bench'

const unlimited = '1000000'

/**
 * Whether the time of a failed sign-in tells an email with an account, whose hash is of an earlier cost, from one
 * without: in pairs, in changing order, on a server that has just started.
 */
export async function enumeration (bench: Bench, report: (part: Part) => void): Promise<void> {
  const email = emailOf(0)
  const hash = await argon2.hash(password, oldCost)
  await bench.sql`UPDATE accounts SET password_hash = ${hash} WHERE email = ${email}`
  const { port } = await startKeyturn({
    env: {
      ...bench.env,
      LOGIN_MAX_FAILURES: unlimited,
      LOGIN_MAX_FAILURES_PER_ACCOUNT: unlimited,
      LOGIN_MAX_FAILURES_PER_ADDRESS: unlimited
    },
    cores: bench.cores.server,
    contracts: 'partner,session,spa,tasks'
  })
  const connection = await openConnection(port)
  const rows = []
  for (const route of routes) {
    const times = { known: [] as number[], unknown: [] as number[] }
    for (let pair = 0; pair < settings.enumerationPairs; pair += 1) {
      const emails = [['known', email], ['unknown', `nobody${pair}@example.com`]] as const
      for (const [kind, each] of pair % 2 === 0 ? emails : emails.toReversed()) {
        const since = performance.now()
        const status = await connection.statusOf(route, JSON.stringify({ email: each, password: wrongPassword }), agent)
        times[kind].push(performance.now() - since)
        if (status !== 401) throw new Error(`${route}: ${status}, not 401`)
      }
    }
    const [known, unknown] = [median(times.known), median(times.unknown)]
    rows.push({ route, known, unknown, auc: auc(times.known, times.unknown) })
  }
  connection.close()
  report({
    title: `${settings.enumerationPairs} failed sign-ins with and without an account, the hashing cost raised before`,
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
  })
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
