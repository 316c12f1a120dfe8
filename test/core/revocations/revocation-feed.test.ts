import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { noopNotifier, type Notifier } from '../../../src/core/revocations/notifier.js'
import { createRevocationFeed } from '../../../src/core/revocations/revocation-feed.js'
import { createRevocationNotices, type RevocationNotice } from '../../../src/core/revocations/revocation-notices.js'
import { createPostgresNotifier } from '../../../src/notifiers/postgres.js'
import { clientInfo, rejectionOf, setSubscription, signedIn } from '../../support/accounts.js'
import { secondCore, operator } from '../../support/second-core.js'
import { buildCore } from '../../support/build.js'
import { openTestDatabase } from '../../support/database.js'
import { cuttable } from '../../support/cuttable.js'
import { until, waitedUntil } from '../../support/until.js'

/** A feed of its own beside a core. */
async function setUp (t: Test, { notifier = noopNotifier, by }: { notifier?: Notifier, by?: string } = {}) {
  const backend = await buildCore(t, { ownDatabase: true })
  const clock = { ms: Date.now() }
  const errors: unknown[] = []
  const received: Array<RevocationNotice | 'flush'> = []
  const notices = createRevocationNotices({ notifier: noopNotifier })
  notices.subscribe(notice => { received.push(notice) })
  const { sql } = openTestDatabase(t, by ?? backend.settings.database.url ?? '')
  const feed = createRevocationFeed({
    sql, notices, notifier, now: () => clock.ms, onError: error => { errors.push(error) }
  })
  t.teardown(() => feed.stop())
  const alive = setInterval(() => { clock.ms = Math.max(clock.ms, Date.now()) }, 5)
  t.teardown(() => clearInterval(alive))
  return { ...backend, feed, received, errors, clock }
}

t.test('changes of other processes arrive, each once, and what changes nothing does not', async t => {
  const { core, feed, received } = await setUp(t)
  feed.start()
  await until('it listens', () => feed.isCurrent)
  t.same(received, ['flush'], 'nothing from before is trusted')
  const { account: { id: accountId, email }, sessionId } = await signedIn(core)
  await core.sessions.end(accountId, sessionId, 'revoked', clientInfo)
  await until('it is received', () => received.length === 2)
  t.same(received[1], { accountId, sessionId })
  await setSubscription(core, email, { status: 'active', plan: 'pro', expiresAt: null })
  await core.accounts.disable(email, operator)
  await until('both are received', () => received.length === 4)
  t.same(received.slice(2), [{ accountId }, { accountId }])
  await core.accounts.enable(email, operator)
  await signedIn(core)
  await core.accounts.delete(email, operator)
  await until('the last is received', () => received.length === 5)
  t.same(received[4], { accountId })
})

t.test('a statement that commits late is read all the same', async t => {
  const { feed, received, sql } = await setUp(t)
  feed.start()
  await until('it listens', () => feed.isCurrent)
  const accountId = randomUUID()
  await sql`
    INSERT INTO audit_events (account_id, event, at)
    VALUES (${accountId}, 'signed_out', now() - interval '5 seconds')`
  await until('it is received', () => received.length === 2)
  t.same(received[1], { accountId })
})

t.test('a feed that cannot poll is not current within a second, and flushes after a long gap', async t => {
  const elsewhere = await buildCore(t)
  const way = await cuttable(t, elsewhere.settings.database.url ?? '')
  const { feed, received, errors, clock } = await setUp(t, { by: way.url })
  feed.start()
  await until('it listens', () => feed.isCurrent)
  await way.cut()
  const ms = await waitedUntil('silence is noticed', () => !feed.isCurrent)
  t.ok(ms <= 1_000, `${ms} ms`)
  await until('it is told', () => errors.length > 0)
  await way.mend()
  await until('it is received again', () => feed.isCurrent)
  t.same(received, ['flush'], 'after a short silence nothing can have been missed')

  await way.cut()
  clock.ms += 60_000
  t.equal(feed.isCurrent, false)
  await way.mend()
  await until('it is received again', () => feed.isCurrent)
  t.same(received, ['flush', 'flush'])
})

t.test('a clock that was set back does not make a feed current', async t => {
  const { feed, clock } = await setUp(t)
  clock.ms += 3_600_000
  feed.start()
  await until('it listens', () => feed.isCurrent)
  clock.ms -= 3_600_000
  t.equal(feed.isCurrent, false)
})

t.test('a notification makes it poll at once, and so does a burst of them', async t => {
  let listener = () => {}
  const notifier: Notifier = { ...noopNotifier, onNotify: added => { listener = added } }
  const { core, feed, received } = await setUp(t, { notifier })
  feed.start()
  await until('it listens', () => feed.isCurrent)
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const { account, sessionId } = await signedIn(core)
    const before = received.length
    await core.sessions.end(account.id, sessionId, 'revoked', clientInfo)
    const burst = setInterval(() => listener(), 2)
    times.push(await waitedUntil('it is received', () => received.length > before))
    clearInterval(burst)
  }
  t.ok(Math.min(...times) < 150, times.join())
})

t.test('NOTIFY wakes other processes', async t => {
  const { db, settings } = await buildCore(t)
  const at = (url: string) => ({ current: { url }, onMove () {} })
  const servers = at(settings.database.url ?? '')
  const errors: unknown[] = []
  const create = () => createPostgresNotifier({ sql: db.sql, servers, onError: error => { errors.push(error) } })
  const [one, other] = [create(), create()]
  let notified = 0
  one.onNotify(() => { notified += 1 })
  await until('it is notified', async () => {
    other.notify()
    return notified > 0
  })
  await one.close()
  await other.close()
  t.same(errors, [])

  const nowhere = createPostgresNotifier({
    sql: db.sql, servers: at('postgres://127.0.0.1:1/x'), onError: error => { errors.push(error) }
  })
  nowhere.onNotify(() => {})
  await until('it is told', () => errors.length > 0)
  await nowhere.close()
})

t.test('an instance remembers for minutes, and refuses within a second what another one ended', async t => {
  const { core, settings, sql } = await buildCore(t, { settings: { validation: { cacheTtl: 300 } } })
  const others = await Promise.all([1, 2].map(() => secondCore(t, settings)))
  for (const instance of [core, ...others]) instance.lifecycle.start()
  const { accessToken, account, sessionId } = await signedIn(core)
  await until('all remember', async () => {
    for (const instance of others) if (await rejectionOf(instance, accessToken) !== null) throw new Error('refused')
    return others.every(instance => instance.metrics().isFeedCurrent)
  })
  await sql`UPDATE accounts SET name = 'changed without a record'`
  const [other] = others
  t.equal((await other?.validation.authenticate(accessToken))?.account.name, null, 'answered from memory')
  await core.sessions.end(account.id, sessionId, 'revoked', clientInfo)
  for (const instance of others) {
    const ms = await waitedUntil('it is refused', async () => await rejectionOf(instance, accessToken) === 'revoked')
    t.ok(ms <= 1_000, `${ms} ms`)
  }
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
