import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { noopNotifier, type Notifier } from '../../../src/core/revocations/notifier.js'
import { createRevocationFeed } from '../../../src/core/revocations/revocation-feed.js'
import { createRevocations, type RevocationNotice } from '../../../src/core/revocations/revocations.js'
import { connect } from '../../../src/db/client.js'
import { createPostgresNotifier } from '../../../src/notifiers/postgres.js'
import { faultOf, clientInfo, signedIn } from '../../support/accounts.js'
import { coreBeside, operator } from '../../support/beside.js'
import { buildCore } from '../../support/build.js'
import { cuttable } from '../../support/cuttable.js'
import { until } from '../../support/until.js'

/** A feed of its own beside a core. */
async function setUp (t: Test, { notifier = noopNotifier, by }: { notifier?: Notifier, by?: string } = {}) {
  const backend = await buildCore(t)
  const clock = { ms: Date.now() }
  const errors: unknown[] = []
  const heard: Array<RevocationNotice | 'flush'> = []
  const revocations = createRevocations({ notifier: noopNotifier })
  revocations.subscribe(notice => { heard.push(notice) })
  const sql = connect({ url: by ?? backend.config.DATABASE_URL ?? '' }, { max: 1 })
  const feed = createRevocationFeed({
    sql, revocations, notifier, now: () => clock.ms, onError: error => { errors.push(error) }
  })
  t.teardown(async () => {
    await feed.stop()
    await sql.end({ timeout: 0 })
  })
  const alive = setInterval(() => { clock.ms = Math.max(clock.ms, Date.now()) }, 5)
  t.teardown(() => clearInterval(alive))
  return { ...backend, feed, heard, errors, clock }
}

t.test('what ends or changes elsewhere is heard, each thing once, and what changes nothing is not', async t => {
  const { core, feed, heard } = await setUp(t)
  feed.start()
  await until('it listens', () => feed.isCurrent)
  t.same(heard, ['flush'], 'nothing from before is trusted')
  const { account: { id: accountId, email }, sessionId } = await signedIn(core)
  await core.sessions.end(accountId, sessionId, 'revoked', clientInfo)
  await until('it is heard', () => heard.length === 2)
  t.same(heard[1], { accountId, sessionId })
  await core.accounts.setSubscription(email, { status: 'active', plan: 'pro', expiresAt: null }, operator)
  await core.accounts.disable(email, operator)
  await until('both are heard', () => heard.length === 4)
  t.same(heard.slice(2), [{ accountId }, { accountId }])
  await core.accounts.enable(email, operator)
  await signedIn(core)
  await core.accounts.delete(email, operator)
  await until('the last is heard', () => heard.length === 5)
  t.same(heard[4], { accountId })
})

t.test('a statement that commits late is heard all the same', async t => {
  const { feed, heard, sql } = await setUp(t)
  feed.start()
  await until('it listens', () => feed.isCurrent)
  const accountId = randomUUID()
  await sql`
    INSERT INTO audit_events (account_id, event, at)
    VALUES (${accountId}, 'signed_out', clock_timestamp() - interval '5 seconds')`
  await until('it is heard', () => heard.length === 2)
  t.same(heard[1], { accountId })
})

t.test('a feed that cannot look is not heard within a second, and forgets everything after long silence', async t => {
  const elsewhere = await buildCore(t)
  const way = await cuttable(t, elsewhere.config.DATABASE_URL ?? '')
  const { feed, heard, errors, clock } = await setUp(t, { by: way.url })
  feed.start()
  await until('it listens', () => feed.isCurrent)
  await way.cut()
  const cutAt = performance.now()
  await until('silence is noticed', () => !feed.isCurrent)
  t.ok(performance.now() - cutAt < 1_500)
  await until('it is told', () => errors.length > 0)
  await way.mend()
  await until('it is heard again', () => feed.isCurrent)
  t.same(heard, ['flush'], 'after a short silence nothing can have been missed')

  await way.cut()
  clock.ms += 60_000
  t.equal(feed.isCurrent, false)
  await way.mend()
  await until('it is heard again', () => feed.isCurrent)
  t.same(heard, ['flush', 'flush'])
})

t.test('a clock that was set back is not taken for a feed that is heard', async t => {
  const { feed, clock } = await setUp(t)
  clock.ms += 3_600_000
  feed.start()
  await until('it listens', () => feed.isCurrent)
  clock.ms -= 3_600_000
  t.equal(feed.isCurrent, false)
})

t.test('a ring makes it look at once, and so does a storm of rings', async t => {
  let listener = () => {}
  const { core, feed, heard } = await setUp(t, { notifier: { ...noopNotifier, onNotify: ring => { listener = ring } } })
  feed.start()
  await until('it listens', () => feed.isCurrent)
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const { account, sessionId } = await signedIn(core)
    const before = heard.length
    await core.sessions.end(account.id, sessionId, 'revoked', clientInfo)
    const began = performance.now()
    const ringing = setInterval(() => listener(), 2)
    await until('it is heard', () => heard.length > before)
    clearInterval(ringing)
    times.push(performance.now() - began)
  }
  t.ok(Math.min(...times) < 150, times.map(Math.round).join())
})

t.test('NOTIFY rings in other processes', async t => {
  const { sql, config } = await buildCore(t)
  const target = { url: config.DATABASE_URL ?? '' }
  const errors: unknown[] = []
  const create = () => createPostgresNotifier({ sql, target, onError: error => { errors.push(error) } })
  const [one, other] = [create(), create()]
  let rings = 0
  one.onNotify(() => { rings += 1 })
  await until('it rings', async () => {
    other.notify()
    return rings > 0
  })
  await one.close()
  await other.close()
  t.same(errors, [])

  const nowhere = createPostgresNotifier({
    sql, target: { url: 'postgres://127.0.0.1:1/x' }, onError: error => { errors.push(error) }
  })
  nowhere.onNotify(() => {})
  await until('it is told', () => errors.length > 0)
  await nowhere.close()
})

t.test('an instance remembers for minutes, and refuses within a second what another one ended', async t => {
  const { core, config, sql } = await buildCore(t, { settings: { VALIDATION_CACHE_TTL: 300 } })
  const others = await Promise.all([1, 2].map(() => coreBeside(t, config)))
  for (const instance of [core, ...others]) instance.startJobs()
  const { accessToken, account, sessionId } = await signedIn(core)
  await until('all remember', async () => {
    for (const instance of others) if (await faultOf(instance, accessToken) !== null) throw new Error('refused')
    return others.every(instance => instance.stats().isFeedCurrent)
  })
  await sql`UPDATE accounts SET name = 'changed without a record'`
  const [other] = others
  t.equal((await other?.validation.authenticate(accessToken))?.account.name, null, 'answered from memory')
  await core.sessions.end(account.id, sessionId, 'revoked', clientInfo)
  const began = performance.now()
  for (const instance of others) {
    await until('it is refused', async () => await faultOf(instance, accessToken) === 'revoked')
  }
  t.ok(performance.now() - began < 1_000)
})

t.test('a feed that is stopped while it looks finishes that look, and begins no other', async t => {
  const { feed, clock } = await setUp(t)
  feed.start()
  await delay(5)
  await feed.stop()
  t.equal(feed.isCurrent, true, 'the look under way')
  clock.ms += 1_000
  await delay(700)
  t.equal(feed.isCurrent, false)
})
