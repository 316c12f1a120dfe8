import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { createPeriodicJobs } from '../../../src/core/lib/periodic.js'
import { until } from '../../support/until.js'

// Its own timer keeps no process alive.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

t.test('chores are done in their order, again and again, also after one failed', async t => {
  const done: string[] = []
  const errors: unknown[] = []
  const upkeep = createPeriodicJobs({
    jobs: [
      async () => { throw new Error('at first') },
      async () => { done.push('second') }
    ],
    intervalMs: 1,
    onError: error => errors.push(error)
  })
  upkeep.start()
  upkeep.start()
  await until('three rounds', () => done.length >= 3)
  await upkeep.stop()
  const rounds = done.length
  t.ok(errors.length >= rounds)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(done.length, rounds, 'no more after the stop')
})

t.test('a stop waits for the round under way', async t => {
  const events = new EventEmitter()
  let finished = false
  const upkeep = createPeriodicJobs({
    jobs: [async () => {
      events.emit('begun')
      await once(events, 'go on')
      finished = true
    }],
    intervalMs: 1,
    onError: () => {}
  })
  upkeep.start()
  await once(events, 'begun')
  const stopped = upkeep.stop()
  events.emit('go on')
  await stopped
  t.ok(finished)
  await upkeep.stop()
})
