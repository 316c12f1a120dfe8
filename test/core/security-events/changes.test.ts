import t from 'tap'
import { createChanges } from '../../../src/core/security-events/changes.js'

/** Far longer than a test may take: who waits for it waits in vain. */
const maxMs = 60_000
const patient = () => new AbortController().signal

t.test('a change wakes all that wait, one that came before the waiting too', async t => {
  const changes = createChanges()
  const since = changes.count
  const waiting = [1, 2].map(() => changes.next({ since, maxMs, signal: patient() }))
  changes.announce()
  t.same(await Promise.all(waiting), [true, true])
  t.equal(await changes.next({ since, maxMs, signal: patient() }), true)
  t.equal(changes.count, since + 1)
})

t.test('waiting ends with its time, and when it is aborted', async t => {
  const changes = createChanges()
  t.equal(await changes.next({ since: changes.count, maxMs: 1, signal: patient() }), false)
  const leaving = new AbortController()
  const waiting = changes.next({ since: changes.count, maxMs, signal: leaving.signal })
  leaving.abort()
  t.equal(await waiting, false)
  t.equal(await changes.next({ since: changes.count, maxMs, signal: leaving.signal }), false, 'also before it began')
})
