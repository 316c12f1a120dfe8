import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createHashingQueue } from '../../../src/core/passwords/hashing-queue.js'
import { outcomeOf } from '../../support/refusal.js'

/** Work that lasts until it is told to end, and how much of it is going on. */
function createWork () {
  const ends: Array<() => void> = []
  let atWork = 0
  let most = 0
  return {
    get atWork () { return atWork },
    get most () { return most },
    async work (): Promise<string> {
      atWork += 1
      most = Math.max(most, atWork)
      try {
        await new Promise<void>(resolve => ends.push(resolve))
        return 'done'
      } finally {
        atWork -= 1
      }
    },
    /** Ends the piece of work that began first. */
    async endOne (): Promise<void> {
      ends.shift()?.()
      await turn()
    }
  }
}

t.test('as many hashes run at once as there is concurrency, the others wait for their turn', async t => {
  const gate = createHashingQueue({ concurrency: 3, queue: 100 })
  const hashes = createWork()
  const all = Array.from({ length: 20 }, () => gate.admit(null, () => gate.hash(() => hashes.work())))
  await turn()
  t.equal(hashes.atWork, 3)
  for (let left = 20; left > 0; left -= 1) {
    t.equal(hashes.atWork, Math.min(3, left))
    await hashes.endOne()
  }
  t.same(new Set(await Promise.all(all)), new Set(['done']))
  t.equal(hashes.most, 3)
})

t.test('beyond concurrency and queue a caller is turned away at once, without any work', async t => {
  const gate = createHashingQueue({ concurrency: 2, queue: 3 })
  const hashes = createWork()
  const inside = Array.from({ length: 5 }, () => gate.admit(null, () => gate.hash(() => hashes.work())))
  await turn()
  let began = 0
  const outside = Array.from({ length: 100 }, () => outcomeOf(gate.admit(null, async () => { began += 1 })))
  t.same(new Set(await Promise.all(outside)), new Set(['overloaded']), 'while nobody inside has ended')
  t.equal(began, 0)
  t.equal(hashes.atWork, 2)

  await hashes.endOne()
  t.equal(await outcomeOf(gate.admit(null, async () => {})), 'granted', 'one leaves, one may enter')
  for (let left = 4; left > 0; left -= 1) await hashes.endOne()
  t.same(await Promise.all(inside), Array.from({ length: 5 }, () => 'done'))
})

t.test('those who wait count from the moment they enter, before they hash', async t => {
  const gate = createHashingQueue({ concurrency: 1, queue: 1 })
  const lookUps = createWork()
  const inside = [1, 2].map(() => gate.admit(null, () => lookUps.work()))
  t.equal(await outcomeOf(gate.admit(null, async () => {})), 'overloaded')
  await lookUps.endOne()
  await lookUps.endOne()
  await Promise.all(inside)
})

t.test('a place is free again after a failure, wherever it happened', async t => {
  const gate = createHashingQueue({ concurrency: 1, queue: 0 })
  const failures: Array<() => Promise<unknown>> = [
    async () => { throw new Error('before the hash') },
    () => { throw new Error('thrown, not rejected') },
    () => gate.hash(async () => { throw new Error('in the hash') }),
    () => gate.hash(() => { throw new Error('thrown in the hash') })
  ]
  for (let round = 0; round < 3; round += 1) {
    for (const failure of failures) await t.rejects(gate.admit(null, failure))
  }
  t.equal(await outcomeOf(gate.admit(null, () => gate.hash(async () => 'done'))), 'granted')
})

t.test('an error of the work is passed on as it is', async t => {
  const gate = createHashingQueue({ concurrency: 1, queue: 0 })
  const error = new Error('mine')
  const failed = gate.admit(null, () => gate.hash(async () => { throw error }))
  t.equal(await failed.catch((caught: unknown) => caught), error)
  t.equal(await gate.admit(null, async () => 42), 42)
})

t.test('without a queue there is room for as many as can be served at once', async t => {
  const gate = createHashingQueue({ concurrency: 4, queue: 0 })
  const hashes = createWork()
  const outcomes = Array.from({ length: 10 }, () => outcomeOf(gate.admit(null, () => gate.hash(() => hashes.work()))))
  await turn()
  for (let left = 4; left > 0; left -= 1) await hashes.endOne()
  const answers = await Promise.all(outcomes)
  t.equal(answers.filter(answer => answer === 'granted').length, 4)
  t.equal(answers.filter(answer => answer === 'overloaded').length, 6)
})

t.test('after a flood nothing is left over', async t => {
  const gate = createHashingQueue({ concurrency: 2, queue: 6 })
  for (let round = 0; round < 50; round += 1) {
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, n) =>
      outcomeOf(gate.admit(null, () => gate.hash(async () => { if (n % 3 === 0) throw new Error('no luck') })))))
    t.equal(outcomes.filter(outcome => outcome === 'overloaded').length, 32, 'as many are let in as in the first round')
  }
})

t.test('one network gets a quarter of all places, and leaves the others to the rest', async t => {
  const gate = createHashingQueue({ concurrency: 2, queue: 38 })
  const hashes = createWork()
  const from = (address: string) => outcomeOf(gate.admit(address, () => gate.hash(() => hashes.work())))
  const flood = Array.from({ length: 100 }, (_, n) => from(n % 2 === 0 ? '::ffff:198.51.100.1' : '198.51.100.1'))
  const ofOneCustomer = Array.from({ length: 100 }, (_, n) => from(`2001:db8:1:${n}::1`))
  t.ok(gate.isFull('198.51.100.1'))
  t.ok(gate.isFull('2001:db8:1:ffff::1'), 'all subnets of a /48 are one network')
  t.notOk(gate.isFull('198.51.100.2'))
  t.notOk(gate.isFull('2001:db8:2::1'))
  t.notOk(gate.isFull(null), 'the command line counts in all only')
  t.equal(gate.metrics().signInsInFlight, 20)
  const stranger = from('198.51.100.2')
  await turn()
  for (let left = 21; left > 0; left -= 1) await hashes.endOne()
  t.equal(await stranger, 'granted')
  for (const outcomes of [await Promise.all(flood), await Promise.all(ofOneCustomer)]) {
    t.equal(outcomes.filter(outcome => outcome === 'granted').length, 10)
  }
  t.notOk(gate.isFull('198.51.100.1'), 'all places are free again')
})
