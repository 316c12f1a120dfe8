import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createConfirmations } from '../../../src/core/refresh/confirmations.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { until } from '../../support/until.js'
import { outcomeOf } from '../../support/refusal.js'
import { isOnCitus } from '../../support/test-database.js'

interface Session {
  account_id: string
  id: string
}

async function setUp (t: Test) {
  const built = await buildCore(t)
  const { sql, db } = built
  const errors: unknown[] = []
  const instance = () => {
    const confirmations = createConfirmations({ sql: db.sql, onError: error => errors.push(error) })
    t.teardown(() => confirmations.close())
    return confirmations
  }
  return {
    ...built,
    errors,
    instance,
    statements: () => db.statements.filter(text => text.includes('confirmed_generation =')).length,
    /** Sessions of a new account, in no order of their ids, as many refreshes old as `generation` says. */
    newSessions: async (count: number, generation = 9): Promise<Session[]> => {
      const { account } = await signedIn(built.core)
      return sql<Session[]>`
        INSERT INTO sessions (account_id, id, contract, epoch, generation, expires_at)
        SELECT ${account.id}, gen_random_uuid(), 'partner', 0, ${generation}, now() + interval '1 day'
        FROM generate_series(1, ${count}) RETURNING account_id, id`
    },
    /** How many of them have which generation confirmed. */
    written: async (sessions: Session[]): Promise<Record<string, number>> => {
      const rows = await sql<{ generation: number, count: number }[]>`
        SELECT confirmed_generation AS generation, count(*)::int AS count FROM sessions
        WHERE id = ANY(${sessions.map(session => session.id)}) GROUP BY 1 ORDER BY 1`
      return Object.fromEntries(rows.map(({ generation, count }) => [generation, count]))
    }
  }
}

type Confirmations = ReturnType<typeof createConfirmations>

function confirmAll (confirmations: Confirmations, sessions: Session[], generation: number): void {
  for (const { account_id: accountId, id } of sessions) confirmations.confirm(accountId, id, generation)
}

const oneServerOnly = { skip: isOnCitus && 'a distributed Postgres confirms each account by itself' }

t.test('what is confirmed is written, many in one statement, and no longer pending then', oneServerOnly, async t => {
  const { instance, newSessions, written, statements } = await setUp(t)
  const confirmations = instance()
  const sessions = await newSessions(1_200)
  confirmAll(confirmations, sessions, 4)
  t.equal(confirmations.pendingGeneration(sessions[0]?.id ?? ''), 4)
  await confirmations.flush()
  t.same(await written(sessions), { 4: 1_200 })
  t.equal(statements(), 3)
  t.ok(sessions.every(session => confirmations.pendingGeneration(session.id) === 0))
  await confirmations.flush()
  t.equal(statements(), 3, 'nothing pending, nothing to write')
})

t.test('it is written by itself soon after', async t => {
  const { instance, newSessions, written } = await setUp(t)
  const sessions = await newSessions(3)
  confirmAll(instance(), sessions, 2)
  await until('the confirmations are written', async () => (await written(sessions))[2] === 3)
})

t.test('the greatest generation wins, in memory and in the database', async t => {
  const { instance, newSessions, written } = await setUp(t)
  const [one, other] = [instance(), instance()]
  const sessions = await newSessions(2)
  for (const generation of [3, 5, 4, 5, 1, 0]) confirmAll(one, sessions, generation)
  t.equal(one.pendingGeneration(sessions[0]?.id ?? ''), 5)
  await one.flush()
  t.same(await written(sessions), { 5: 2 })
  confirmAll(other, sessions, 2)
  await other.flush()
  t.same(await written(sessions), { 5: 2 }, 'an instance that knows less takes nothing back')
  t.equal(other.pendingGeneration(sessions[0]?.id ?? ''), 0)
})

t.test('what is confirmed while a batch is being written is not lost', oneServerOnly, async t => {
  const { instance, newSessions, written, sql } = await setUp(t)
  const confirmations = instance()
  const sessions = await newSessions(2)
  confirmAll(confirmations, sessions, 3)
  const flushes: Array<Promise<void>> = []
  await sql.begin(async holder => {
    await holder`LOCK TABLE sessions IN EXCLUSIVE MODE`
    flushes.push(confirmations.flush())
    await until('the batch waits for the table', async () => (await sql`
      SELECT 1 FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND query LIKE '%confirmed_generation = locked%'`).length > 0)
    t.equal(confirmations.pendingGeneration(sessions[0]?.id ?? ''), 3, 'it counts until it is committed')
    confirmAll(confirmations, sessions, 4)
  })
  await Promise.all(flushes)
  t.same(await written(sessions), { 3: 2 })
  t.equal(confirmations.pendingGeneration(sessions[0]?.id ?? ''), 4)
  await confirmations.flush()
  t.same(await written(sessions), { 4: 2 })
})

t.test('a locked row is not waited for, and confirmed by the next batch', async t => {
  const { instance, newSessions, written, sql } = await setUp(t)
  const confirmations = instance()
  const sessions = await newSessions(3)
  const { id: busy = '', account_id: accountId = '' } = sessions[0] ?? {}
  confirmAll(confirmations, sessions, 3)
  await sql.begin(async holder => {
    await holder`SELECT 1 FROM sessions WHERE account_id = ${accountId} AND id = ${busy} FOR UPDATE`
    await confirmations.flush()
    t.same(await written(sessions), { 0: 1, 3: 2 })
    t.equal(confirmations.pendingGeneration(busy), 3)
  })
  await confirmations.flush()
  t.same(await written(sessions), { 3: 3 })
  t.equal(confirmations.pendingGeneration(busy), 0)
})

t.test('a database that locks rows of one account at a time gets a statement for each', async t => {
  const { newSessions, written, sql } = await setUp(t)
  const sessions = await newSessions(3)
  let refused = 0
  // As Citus does: the first statement of a batch names no account, and has "true" instead.
  const oneAccount = ((template: TemplateStringsArray, ...parameters: never[]) => {
    const isOfMany = parameters.some(parameter => (parameter as { strings?: string[] }).strings?.[0] === 'true')
    if (!isOfMany) return sql(template, ...parameters)
    refused += 1
    return Promise.reject(Object.assign(new Error('could not run distributed query'), { code: '0A000' }))
  }) as typeof sql
  const confirmations = createConfirmations({ sql: oneAccount, onError: error => t.fail(String(error)) })
  confirmAll(confirmations, sessions, 3)
  await confirmations.flush()
  t.same(await written(sessions), { 3: 3 })
  t.ok(refused > 0)
  t.ok(sessions.every(session => confirmations.pendingGeneration(session.id) === 0))
})

t.test('a batch that cannot be written is kept, and written when the database is back', async t => {
  const { instance, newSessions, written, sql, errors } = await setUp(t)
  const confirmations = instance()
  const sessions = await newSessions(700)
  await sql`ALTER TABLE sessions RENAME TO hidden`
  confirmAll(confirmations, sessions, 6)
  await t.rejects(confirmations.flush(), { code: '42P01' })
  t.ok(sessions.every(session => confirmations.pendingGeneration(session.id) === 6))
  await until('it was tried again and failed again', () => errors.length >= 2)
  await sql`ALTER TABLE hidden RENAME TO sessions`
  await until('it is written', async () => (await written(sessions))[6] === 700)
  await until('nothing is pending', () => sessions.every(session => confirmations.pendingGeneration(session.id) === 0))
})

t.test('a session that is gone, or of another account, holds nothing up', async t => {
  const { instance, newSessions, written, errors } = await setUp(t)
  const confirmations = instance()
  const [first, last] = await newSessions(2)
  t.ok(first !== undefined && last !== undefined)
  const ghosts = Array.from({ length: 600 }, () => ({ account_id: randomUUID(), id: randomUUID() }))
  const all = [...ghosts, { account_id: randomUUID(), id: first?.id ?? '' }, ...last === undefined ? [] : [last]]
  confirmAll(confirmations, all, 2)
  await confirmations.flush()
  t.same(await written(all), { 0: 1, 2: 1 })
  t.ok(all.every(session => confirmations.pendingGeneration(session.id) === 0))
  t.same(errors, [])
})

t.test('the batches of two instances never wait for each other', async t => {
  const { instance, newSessions, written, errors, sql } = await setUp(t)
  const [one, other] = [instance(), instance()]
  // In a table of some size the rows are found one by one, in the order of the batch.
  const sessions = (await newSessions(20_000)).slice(0, 300)
  await sql`ANALYZE sessions`
  // Each account is confirmed by itself on a distributed Postgres.
  const generations = isOnCitus ? 3 : 60
  for (let generation = 1; generation <= generations; generation += 1) {
    confirmAll(one, sessions, generation)
    confirmAll(other, sessions.toReversed(), generation)
    await Promise.all([one.flush(), other.flush()])
  }
  t.same(await written(sessions), { [generations]: 300 })
  t.same(errors, [])
})

t.test('a batch and the end of all sessions of an account never wait for each other', async t => {
  const { instance, newSessions, core } = await setUp(t)
  const confirmations = instance()
  const outcomes: string[] = []
  for (let round = 0; round < 20; round += 1) {
    const sessions = await newSessions(200)
    confirmAll(confirmations, sessions, 1)
    outcomes.push(...await Promise.all([
      outcomeOf(core.sessions.endAll(sessions[0]?.account_id ?? '', 'revoked', clientInfo)),
      outcomeOf(confirmations.flush())
    ]))
  }
  t.same([...new Set(outcomes)], ['granted'])
})

t.test('whatever else is done to an account meanwhile, no batch is lost and nothing else fails', async t => {
  const { instance, core, errors, sql } = await setUp(t)
  const confirmations = instance()
  for (let round = 0; round < 20; round += 1) {
    const { account, email, sessionId, refreshToken } = await signedIn(core)
    confirmations.confirm(account.id, sessionId, 1)
    const outcomes = await Promise.all([
      outcomeOf(core.refresh.trade(refreshToken, clientInfo)),
      outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)),
      outcomeOf(round % 2 === 0 ? core.accounts.disable(email, clientInfo) : core.accounts.delete(email, clientInfo)),
      outcomeOf(confirmations.flush())
    ])
    t.match(outcomes[2], 'granted')
    t.match(outcomes[3], 'granted')
    t.match(outcomes.join(), /^(granted|invalid_\w+(\/\w+)?)(,(granted|invalid_\w+)){3}$/)
  }
  t.same(errors, [])
  t.equal((await sql`SELECT 1 FROM sessions WHERE ended_at IS NULL AND epoch <> 0`).length, 0)
})

t.test('at most 50,000 are pending, and what is known already can still rise', async t => {
  const { instance } = await setUp(t)
  const confirmations = instance()
  const sessions = Array.from({ length: 50_001 }, () => ({ account_id: randomUUID(), id: randomUUID() }))
  const [first, last] = [sessions[0]?.id ?? '', sessions[50_000]?.id ?? '']
  confirmAll(confirmations, sessions, 1)
  confirmAll(confirmations, sessions, 2)
  t.equal(confirmations.pendingGeneration(first), 2)
  t.equal(confirmations.pendingGeneration(last), 0, 'dropped: it only leaves a late retry possible')
})

t.test('what is pending is written before the core is closed', async t => {
  const { instance, newSessions, written } = await setUp(t)
  const confirmations = instance()
  const sessions = await newSessions(600)
  confirmAll(confirmations, sessions, 3)
  await confirmations.close()
  t.same(await written(sessions), { 3: 600 })
})

t.test('closing does not fail when the database is gone', async t => {
  const gone = postgres('postgres://keyturn@127.0.0.1:1/none', { max: 1, connect_timeout: 1 })
  const errors: unknown[] = []
  const confirmations = createConfirmations({ sql: gone, onError: error => errors.push(error) })
  confirmations.confirm(randomUUID(), randomUUID(), 1)
  await confirmations.close()
  t.equal(errors.length, 1)
  await gone.end()
})
