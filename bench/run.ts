import { parseArgs } from 'node:util'
import { openDatabase } from '../src/db/client.js'
import { stopChildren } from './harness/children.js'
import { compare } from './harness/comparison.js'
import { comparisons } from './parts/comparisons.js'
import { divideCores } from './harness/cores.js'
import { openConnection } from './harness/http-connection.js'
import { addAccount, addClient, keyturnEnvironment, startKeyturn } from './subjects/keyturn.js'
import { startLimits } from './subjects/limits.js'
import { conditions, machine } from './harness/machine.js'
import { exchange, introspection } from './parts/partner-requests.js'
import { startPartnerService } from './subjects/partner-service.js'
import { emailOf, password, signInMembers } from './parts/population.js'
import { startPostgres } from './harness/postgres.js'
import { table, writeFigures } from './report/markdown.js'
import { copySessions, hotShares } from './subjects/session-row.js'
import { settings } from './harness/settings.js'

const { values: { write } } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const parts: string[] = []

function report (part: string): void {
  parts.push(part)
  process.stdout.write(`\n${part}\n`)
}

report(`${new Date().toISOString().slice(0, 10)}. ${await machine()}.`)
// Before anything is started, so that it inherits where it may run.
const cores = divideCores()
const postgres = await startPostgres()
const database = openDatabase({ target: { url: postgres.url }, poolMax: 1 })
try {
  const { sql } = database
  const env = keyturnEnvironment(postgres.url, cores)
  addAccount(env, emailOf(0), password)
  const client = addClient(env)
  const keyturn = await startKeyturn(env, cores)
  report(`${await conditions(sql, cores)}.`)

  const connection = await openConnection(keyturn.port)
  const members = await signInMembers(sql, connection)
  await copySessions(sql)
  const [first] = members
  if (first === undefined) throw new Error('nobody is signed in')
  const { accessToken: token, refreshToken } = first
  const validated = await connection.post('/api/auth/validate-token', JSON.stringify({ token }))
  const refreshed = await connection.post('/api/auth/refresh-token', JSON.stringify({ refreshToken }))
  first.refreshToken = (JSON.parse(refreshed) as { data: { refreshToken: string } }).data.refreshToken
  const answers = {
    validated,
    refreshed,
    introspected: await introspection(client, token)(connection, '/oauth/introspect'),
    exchanged: await exchange(client, token)(connection, '/oauth/token')
  }
  connection.close()

  const [{ hash }] = await sql<[{ hash: string }]>`
    SELECT password_hash AS hash FROM accounts WHERE email = ${emailOf(0)}`
  const limits = await startLimits({
    databaseUrl: postgres.url,
    poolMax: settings.poolMax,
    keys: members.map(member => member.key),
    password,
    passwordHash: hash,
    hashesAtOnce: cores.serverCount,
    answers,
    clientId: client.id
  }, cores)
  const partnerService = await startPartnerService(keyturn, client, cores)

  for (const comparison of comparisons({ keyturn, limits, members, answers, client, partnerService })) {
    report(table(comparison.title, await compare(comparison)))
  }
  const hot = await hotShares(sql)
  report(hot.map(({ table, share }) => `HOT updates of ${table}: ${(share * 100).toFixed(1)} %.`).join(' '))
  if (write) await writeFigures(`\n${parts.join('\n\n')}\n`)
} finally {
  await stopChildren()
  await database.close()
  await postgres.stop()
}
