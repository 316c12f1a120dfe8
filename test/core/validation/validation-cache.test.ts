import { randomUUID } from 'node:crypto'
import t from 'tap'
import { noopNotifier } from '../../../src/core/revocations/notifier.js'
import { createRevocationNotices, type RevocationNotice } from '../../../src/core/revocations/revocation-notices.js'
import { createValidationCache, type CacheValue } from '../../../src/core/validation/validation-cache.js'

/** A cache with a clock that is set by hand, in milliseconds. */
function setUp ({ ttl = 60, maxTokens = 100_000, startedAt = 1_700_000_000_000 } = {}) {
  let milliseconds = startedAt
  const feed = { isCurrent: true }
  const revocations = createRevocationNotices({ notifier: noopNotifier })
  const cache = createValidationCache<CacheValue>({
    revocations, feed, ttl, maxTokens, now: () => milliseconds
  })
  return {
    cache,
    feed,
    revocations,
    publish: (notice: RevocationNotice) => { revocations.publish(notice) },
    setClock: (to: number) => { milliseconds = to },
    /** Reads and remembers an answer, as long as nothing comes in between. */
    remember: (digest: string, value: Partial<CacheValue> = {}): CacheValue => {
      const whole = { accountId: randomUUID(), sessionId: randomUUID(), exp: startedAt / 1000 + 3600, ...value }
      cache.set(digest, whole, cache.snapshot())
      return whole
    }
  }
}

t.test('what is remembered is given back, by the token it was remembered for only', async t => {
  const { cache, remember } = setUp()
  const one = remember('one')
  const two = remember('two')
  t.equal(cache.get('one'), one)
  t.equal(cache.get('two'), two)
  for (const digest of ['', 'On', 'ONE', 'one ', '__proto__', 'constructor']) t.equal(cache.get(digest), undefined)
})

t.test('an answer is given for ttl seconds', async t => {
  const { cache, remember, setClock } = setUp({ ttl: 5, startedAt: 1_000_000 })
  const one = remember('one')
  setClock(1_004_999)
  t.equal(cache.get('one'), one)
  setClock(1_005_000)
  t.equal(cache.get('one'), undefined)
  setClock(1_004_999)
  t.equal(cache.get('one'), undefined, 'and is forgotten then')
  t.equal(cache.size, 0)
})

t.test('an answer is never given past the end of its token', async t => {
  const { cache, remember, setClock } = setUp({ ttl: 300, startedAt: 1_000_000 })
  const one = remember('one', { exp: 1_010 })
  setClock(1_009_999)
  t.equal(cache.get('one'), one)
  setClock(1_010_000)
  t.equal(cache.get('one'), undefined)
  remember('two', { exp: 999 })
  setClock(1_000_000)
  t.equal(cache.get('two'), undefined)
})

t.test('with a ttl of 0 nothing is remembered', async t => {
  const { cache, remember } = setUp({ ttl: 0 })
  remember('one')
  t.equal(cache.get('one'), undefined)
  t.equal(cache.size, 0)
})

t.test('a clock that is set back does not prolong an answer', async t => {
  const { cache, remember, setClock } = setUp({ ttl: 1 })
  remember('one')
  setClock(1_700_000_000_000 - 3_600_000)
  t.equal(cache.get('one'), undefined, 'an hour and a second it would be else')
})

t.test('an answer is as old as its reading, however long that took', async t => {
  const { cache, setClock } = setUp({ ttl: 1, startedAt: 1_000_000 })
  const mark = cache.snapshot()
  setClock(1_001_000)
  cache.set('one', { accountId: randomUUID(), sessionId: randomUUID(), exp: 2_000 }, mark)
  t.equal(cache.get('one'), undefined, 'another process may have revoked it a second ago')
})

t.test('a notice about a session ends the answers about that session', async t => {
  const { cache, remember, publish } = setUp()
  const accountId = randomUUID()
  const ended = [remember('one', { accountId }), remember('two', { accountId })]
  const sibling = remember('three', { accountId })
  publish({ accountId, sessionId: ended[0]?.sessionId ?? '' })
  publish({ accountId, sessionId: ended[1]?.sessionId ?? '' })
  t.equal(cache.get('one'), undefined)
  t.equal(cache.get('two'), undefined)
  t.equal(cache.get('three'), sibling)
})

t.test('a notice about an account ends the answers about all its sessions', async t => {
  const { cache, remember, publish } = setUp()
  const accountId = randomUUID()
  for (const digest of ['one', 'two', 'three']) remember(digest, { accountId })
  const other = remember('other')
  publish({ accountId })
  t.same(['one', 'two', 'three'].map(digest => cache.get(digest)), [undefined, undefined, undefined])
  t.equal(cache.get('other'), other)
})

t.test('what is read after a notice counts', async t => {
  const { cache, remember, publish } = setUp()
  const { accountId, sessionId } = remember('one')
  publish({ accountId, sessionId })
  publish({ accountId })
  const again = remember('one', { accountId, sessionId })
  t.equal(cache.get('one'), again)
})

t.test('what began to be read before a notice never counts, also if it is remembered after it', async t => {
  for (const about of ['session', 'account']) {
    const { cache, publish } = setUp()
    const value = { accountId: randomUUID(), sessionId: randomUUID(), exp: 2_000_000_000 }
    const mark = cache.snapshot()
    publish(about === 'session' ? value : { accountId: value.accountId })
    cache.set('one', value, mark)
    t.equal(cache.get('one'), undefined, about)
    cache.set('one', value, cache.snapshot())
    t.equal(cache.get('one'), value)
  }
})

t.test('a slow read does not restore a result that was invalidated since', async t => {
  const { cache, publish, remember } = setUp()
  const slow = cache.snapshot()
  const value = remember('one')
  publish(value)
  cache.set('one', value, slow)
  t.equal(cache.get('one'), undefined)
})

t.test('notices about 100,000 others in between are not forgotten about', async t => {
  const { cache, publish, remember } = setUp()
  const [first, second] = ['first', 'second'].map(digest => remember(digest)) as [CacheValue, CacheValue]
  const mark = cache.snapshot()
  publish(first)
  for (let n = 0; n < 99_999; n += 1) publish({ accountId: `account ${n}` })
  cache.set('first', first, mark)
  t.equal(cache.get('first'), undefined)
  t.equal(cache.get('second'), second, 'nobody said anything of the second')
})

t.test('a notice that is forgotten takes all older answers with it', async t => {
  const { cache, publish, remember } = setUp()
  const [told, untold] = ['told', 'untold'].map(digest => remember(digest)) as [CacheValue, CacheValue]
  const mark = cache.snapshot()
  publish(told)
  const later = remember('later')
  for (let n = 0; n < 100_000; n += 1) publish({ accountId: `account ${n}` })
  cache.set('told', told, mark)
  t.equal(cache.get('told'), undefined)
  t.equal(cache.get('untold'), undefined, 'it may have been about this one, for all the cache knows')
  t.equal(cache.get('later'), later, 'read after it')
  const fresh = remember('untold', untold)
  t.equal(cache.get('untold'), fresh)
})

t.test('a session that is asked for often keeps its notice, and no answer gets around it', async t => {
  const { cache, publish, remember } = setUp()
  const value = remember('one')
  const mark = cache.snapshot()
  publish(value)
  for (let n = 0; n < 250_000; n += 1) {
    publish({ accountId: `account ${n}` })
    if (n % 1_000 === 0) {
      cache.set('one', value, mark)
      if (cache.get('one') !== undefined) t.fail(`the answer came back after ${n} notices`)
    }
  }
})

t.test('at most 100,000 answers are held, the least used go first', async t => {
  const { cache, remember } = setUp()
  const first = remember('first')
  for (let n = 0; n < 99_999; n += 1) remember(`token ${n}`)
  t.equal(cache.get('first'), first)
  for (let n = 0; n < 1_000; n += 1) remember(`more ${n}`)
  t.equal(cache.size, 100_000)
  t.equal(cache.get('first'), first)
  t.equal(cache.get('token 0'), undefined)
})

t.test('while the feed is not current a result is cached for one second, and longer again afterwards', async t => {
  const { cache, feed, remember, setClock } = setUp({ ttl: 60, startedAt: 1_000_000 })
  const one = remember('one')
  feed.isCurrent = false
  setClock(1_000_999)
  t.equal(cache.get('one'), one)
  setClock(1_001_000)
  t.equal(cache.get('one'), undefined)
  const again = remember('one')
  feed.isCurrent = true
  setClock(1_059_999)
  t.equal(cache.get('one'), again)
})

t.test('a notice of everything takes all answers with it, and what is read after it counts', async t => {
  const { cache, revocations, remember } = setUp()
  remember('one')
  const underWay = cache.snapshot()
  revocations.applyRemote('flush')
  t.equal(cache.get('one'), undefined)
  cache.set('two', { accountId: randomUUID(), sessionId: randomUUID(), exp: 2e9 }, underWay)
  t.equal(cache.get('two'), undefined)
  const three = remember('three')
  t.equal(cache.get('three'), three)
})
