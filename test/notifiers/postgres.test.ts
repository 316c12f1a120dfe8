import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createPostgresNotifier } from '../../src/notifiers/postgres.js'
import { cuttable } from '../support/cuttable.js'
import { openTestDatabase } from '../support/database.js'
import { fileDatabase } from '../support/file-database.js'
import { until } from '../support/until.js'

/** Longer than until a lost connection is opened again, and shorter than one that is not answered is kept. */
const reopenedMs = 500

async function setUp (t: Test) {
  const url = await fileDatabase(t)
  const { sql } = openTestDatabase(t, url)
  const way = await cuttable(t, url)
  const errors: unknown[] = []
  let notified = 0
  const notifier = createPostgresNotifier({
    sql,
    servers: { current: { url: way.url }, onMove () {} },
    onError: error => { errors.push(error) }
  })
  t.teardown(() => notifier.close())
  const isNotified = () => until('it is notified', () => {
    notifier.notify()
    return notified > 0
  })
  return {
    way,
    notifier,
    errors,
    listens: async () => {
      notified = 0
      await isNotified()
    },
    listen: () => { notifier.onNotify(() => { notified += 1 }) }
  }
}

t.test('notifications arrive again after the connection was lost', async t => {
  const { way, listen, listens, errors } = await setUp(t)
  listen()
  await listens()
  await way.cut()
  await way.mend()
  await listens()
  t.same(errors, [])
})

t.test('once it is closed it has no connection, which would keep the process alive', async t => {
  const { way, notifier, listen, listens } = await setUp(t)
  listen()
  await listens()
  t.equal(way.connections, 1)
  await notifier.close()
  await delay(reopenedMs)
  t.equal(way.connections, 0)
})

t.test('neither has one that is closed before it is connected', async t => {
  const { way, notifier, listen } = await setUp(t)
  listen()
  await notifier.close()
  await delay(reopenedMs)
  t.equal(way.connections, 0)
})

t.test('a database that cannot be had is reported once, and found when it is there', async t => {
  const { way, listen, listens, errors } = await setUp(t)
  await way.cut()
  listen()
  await until('it is reported', () => errors.length > 0)
  await way.mend()
  await listens()
  t.equal(errors.length, 1)
})
