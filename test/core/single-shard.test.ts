import t from 'tap'
import { openEngine } from '../../src/token-engine.js'
import { createCore } from '../../src/core/index.js'
import { noopNotifier } from '../../src/core/revocations/notifier.js'
import type { Pool } from '../../src/db/pool.js'
import { openQuery } from '../../src/db/query.js'
import { clientInfo, password, signedIn } from '../support/accounts.js'
import { ageRotations } from '../support/age-rotations.js'
import { buildCore } from '../support/build.js'
import { earlier } from '../support/earlier.js'
import { isOnCitus } from '../support/test-database.js'

/** What the driver keeps of a statement that it has sent. */
interface Sent {
  string: string
  parameters: unknown[]
}

/** Statements that may ask more than one server. */
const exceptions: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/^select "id" from "tasks"/, "whether a missing task is another account's"],
  [/^INSERT INTO tasks/, 'its plan cannot be explained, since a part that is planned by itself has parameters'],
  [/^WITH failed AS/, 'the same']
]

/** A pool that keeps each statement with its parameters. */
function recording (pool: Pool, sent: Sent[]): Pool {
  function record<Statement extends Promise<unknown>> (statement: Statement): Statement {
    const send = statement.then.bind(statement)
    statement.then = ((onFulfilled, onRejected) => send(value => {
      sent.push(statement as unknown as Sent)
      return onFulfilled === null || onFulfilled === undefined ? value : onFulfilled(value)
    }, onRejected)) as typeof statement.then
    return statement
  }
  return Object.assign(
    ((template, ...parameters) => record(pool(template, ...parameters))) as Pool,
    { unsafe: (...args: Parameters<Pool['unsafe']>) => record(pool.unsafe(...args)) })
}

t.test('what a request asks of the database, it asks of one server', {
  skip: !isOnCitus && 'TEST_CITUS_URL names no cluster'
}, async t => {
  const { db, sql, settings } = await buildCore(t)
  const sent: Sent[] = []
  const pool = recording(db.sql, sent)
  const core = createCore({
    db: { ...db, sql: pool, refreshSql: pool, query: openQuery(pool) },
    notifier: noopNotifier,
    openEngine,
    mailTransport: { isAvailable: true, send: async () => {} },
    webhookSender: { check: () => {}, send: async () => 204 },
    settings: { ...settings, secrets: { ...settings.secrets, current: String(settings.secrets.current) } },
    now: Date.now,
    onBackgroundError: error => t.fail(String(error))
  })
  await core.lifecycle.load()
  t.teardown(() => core.lifecycle.close())
  sent.length = 0

  const { account, email, sessionId, refreshToken } = await signedIn(core)
  const first = await core.refresh.trade(refreshToken, clientInfo)
  await sql`UPDATE sessions SET created_at = ${earlier(sql, 'created_at', 3_600)} WHERE id = ${sessionId}`
  await ageRotations(sql, sessionId, 100)
  const settled = await core.refresh.trade(first.refreshToken, clientInfo)
  await core.refresh.trade(first.refreshToken, clientInfo)
  await core.validation.authenticate(settled.accessToken)
  await core.refresh.confirmations.flush()
  await core.sessions.list(account.id)
  const task = await core.tasks.create(account.id, 'one')
  await core.tasks.list(account.id, 10, null)
  await core.tasks.toggle(account.id, task.id)
  const extended = await core.signIn.withPassword({ email, password }, 'session', clientInfo)
  await core.refresh.extend(extended.accessToken, clientInfo)
  await core.signIn.withPassword({ email, password: 'wrong' }, 'spa', clientInfo).catch(() => {})
  await core.sessions.end(account.id, sessionId, 'signed_out', clientInfo)
  const change = { accountId: account.id, current: password, replacement: 'another good one', minPasswordLength: 8 }
  await core.signIn.withNewPassword(change, 'account', clientInfo)
  await core.refresh.trade(settled.refreshToken, clientInfo).catch(() => {})
  await core.accounts.disable(email, clientInfo)
  await core.accounts.delete(email, clientInfo)

  t.ok(sent.length > 40, `${sent.length} statements`)
  const others = sent.filter(({ string }) => !exceptions.some(([pattern]) => pattern.test(string.trim())))
  for (const { string, parameters } of others) {
    const plan = await sql.unsafe(`EXPLAIN (COSTS OFF) ${string}`, parameters as never[])
    const tasks = plan.map(row => /Task Count: (\d+)/.exec(String(row['QUERY PLAN']))?.[1]).filter(Boolean)
    t.ok(tasks.every(count => Number(count) <= 1), `${tasks.join()} tasks: ${string.trim().slice(0, 60)}`)
  }
})
