import fc from 'fast-check'
import t, { type Test } from 'tap'
import { clientInfo, refusesRefresh, rejectionOf, signedIn } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { buildCore } from '../../support/build.js'

/*
 * A browser with many tabs, none of which waits for another: each reads the refresh token that they share, trades it,
 * and stores what it gets, while a third of the replies are lost. Chance is from a fixed beginning, so that a failure
 * can be repeated.
 */

const tabs = 50
const lostReplies = 0.3
const retryWindow = 10
/** KEYTURN_LOCKLESS_ROUNDS=1000 makes more (with --timeout=1500). */
const rounds = Number(process.env.KEYTURN_LOCKLESS_ROUNDS ?? 25)

/** Numbers from 0 to 1, the same ones in each run. */
function chance (): () => number {
  const thousandths = fc.noBias(fc.integer({ min: 0, max: 999 }))
  const numbers = fc.sample(thousandths, { seed: 20_261_126, numRuns: rounds * tabs * 2 })
  return () => (numbers.pop() ?? 0) / 1_000
}

async function setUp (t: Test) {
  const refresh = { retryWindow, confirmWindow: 3600, lateRetries: 3 }
  const { core, sql } = await buildCore(t, { settings: { refresh } })
  const first = await signedIn(core)
  const random = chance()
  let stored = first

  /** One tab, which begins when its turn comes, whatever the others are at. */
  async function tab (): Promise<void> {
    for (let turns = random() * tabs; turns > 0; turns -= 1) await new Promise(resolve => setImmediate(resolve))
    const reply = await core.refresh.trade(stored.refreshToken, clientInfo)
    if (random() < lostReplies) return
    stored = { ...stored, ...reply }
    // What it is for: the request whose access token had expired.
    if (await rejectionOf(core, reply.accessToken) !== null) throw new Error('the new access token is refused')
  }

  return {
    core,
    first,
    current: () => stored,
    round: () => Promise.all(Array.from({ length: tabs }, tab)),
    pass: (seconds: number) => ageRotations(sql, first.sessionId, seconds)
  }
}

t.test(`${tabs} tabs without a lock stay signed in, whatever replies are lost`, async t => {
  t.setTimeout(900_000)
  const { core, current, round, pass } = await setUp(t)
  for (let number = 0; number < rounds; number += 1) {
    await round()
    await pass(retryWindow + 1)
  }
  t.equal(await rejectionOf(core, current().accessToken), null)
  t.ok(await core.refresh.trade(current().refreshToken, clientInfo))
})

t.test('and a thief who comes with the first token after the retry window still ends the session', async t => {
  const { core, first, current, round, pass } = await setUp(t)
  await round()
  await pass(retryWindow + 1)
  await refusesRefresh(t, core.refresh.trade(first.refreshToken, clientInfo), 'reused')
  await refusesRefresh(t, core.refresh.trade(current().refreshToken, clientInfo), 'reused')
})
