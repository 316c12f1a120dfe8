import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import type { RefreshPolicy } from '../../../src/core/refresh/index.js'
import { readRefreshToken, writeRefreshToken, type RefreshToken } from '../../../src/core/tokens/refresh-token.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { buildCore } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { outcomeOf } from '../../support/refusal.js'

/*
 * What a chain of refresh tokens promises (docs/refresh.md), stated as a model and compared with the core in every
 * interleaving of steps up to a depth. Each step is made on a copy of the session, so that interleavings share their
 * beginnings. Times are so long that what the test itself takes does not matter.
 */

const policy = { retryWindow: 1_000, confirmWindow: 100_000, lateRetries: 1, aheadMax: 0 }
const keptRotations = 4

/** Two tabs of the owner, without a lock and without a common store, and a thief. */
type Holder = 'tab' | 'otherTab' | 'thief'

type Step =
  | { present: Holder, reply: 'arrives' | 'is lost' }
  /** The thief copies the token of the first tab. */
  | 'steal'
  /** The access token of the first tab is used. */
  | 'use'
  | { wait: number }

interface State {
  sessionId: string
  /** The tokens of the chain, the current one last. */
  chain: readonly RefreshToken[]
  /** When each but the current one was traded, in seconds. */
  tradedAt: readonly number[]
  now: number
  /** The newest generation whose access token was used. */
  confirmed: number
  late: { generation: number, streak: number }
  isLive: boolean
  /** The generation that each holder has. */
  held: Readonly<Record<Holder, number>>
  steps: readonly Step[]
}

/** What the rules say of a token: a new one, the current one, or the end of the session. */
function expected (state: State, generation: number, policy: RefreshPolicy): 'rotated' | 'current' | 'late' | 'reused' {
  const current = state.chain.length - 1
  if (!state.isLive) return 'reused'
  const ageOf = (generation: number) => state.now - (state.tradedAt[generation] ?? NaN)
  if (generation === current) {
    return ageOf(current - keptRotations) < policy.retryWindow ? 'current' : 'rotated'
  }
  if (ageOf(generation) < policy.retryWindow) return 'current'
  const isLate = generation === current - 1 && state.confirmed < current &&
    ageOf(generation) < policy.confirmWindow && streakOf(state) <= policy.lateRetries
  return isLate ? 'late' : 'reused'
}

function streakOf ({ chain, late }: State): number {
  const behind = chain.length - 1 - late.generation
  return behind === 0 ? late.streak : behind === 1 ? late.streak + 1 : 1
}

const accountOf = ({ chain }: State) => chain[0]?.accountId ?? ''

async function setUp (t: Test, policy: RefreshPolicy) {
  const { core, sql, settings } = await buildCore(t, { settings: { refresh: policy } })
  const keyring = createKeyring(String(settings.secrets.current))
  const read = (text: string) => {
    const token = readRefreshToken(keyring, text)
    if (token === null) throw new Error('not a refresh token')
    return token
  }

  async function start (): Promise<State> {
    const { sessionId, refreshToken } = await signedIn(core)
    // Long enough ago to be settled: then a rotation outside the retry window is a statement of its own (rotation.ts).
    await sql`UPDATE sessions SET created_at = ${earlier(sql, 'created_at', 1_000_000)} WHERE id = ${sessionId}`
    return {
      sessionId,
      chain: [read(refreshToken)],
      tradedAt: [],
      now: 0,
      confirmed: 0,
      late: { generation: 0, streak: 0 },
      isLive: true,
      held: { tab: 0, otherTab: 0, thief: 0 },
      steps: []
    }
  }

  /** The same state, of another session. */
  async function copy (state: State): Promise<State> {
    const sessionId = randomUUID()
    await sql`
      INSERT INTO sessions SELECT (jsonb_populate_record(sessions, jsonb_build_object('id', ${sessionId}::text))).*
      FROM sessions WHERE account_id = ${accountOf(state)} AND id = ${state.sessionId}`
    return { ...state, sessionId }
  }

  const present = (state: State, generation: number) => {
    const token = state.chain[generation]
    if (token === undefined) throw new Error('no such token')
    return core.refresh.trade(writeRefreshToken(keyring, { ...token, sessionId: state.sessionId }), clientInfo)
  }

  /** Makes a step, compares the answer with the rules, and returns what is the case afterwards. */
  async function after (t: Test, before: State, step: Step): Promise<State> {
    const state = { ...await copy(before), steps: [...before.steps, step] }
    const { held, chain, now, sessionId } = state
    if (step === 'steal') return { ...state, held: { ...held, thief: held.tab } }
    if (step === 'use') {
      core.refresh.confirmations.confirm(chain[0]?.accountId ?? '', sessionId, held.tab)
      // Copies have what is written.
      await core.refresh.confirmations.flush()
      return { ...state, confirmed: Math.max(state.confirmed, held.tab) }
    }
    if ('wait' in step) {
      await ageRotations(sql, sessionId, step.wait, accountOf(before))
      return { ...state, now: now + step.wait }
    }

    const presented = held[step.present]
    const expectation = expected(state, presented, policy)
    const answer = present(state, presented)
    if (expectation === 'reused') {
      holds(t, state, await outcomeOf(answer) === 'invalid_refresh_token/reused', 'the session ends')
      return { ...state, isLive: false }
    }
    const token = await answer.then(({ refreshToken }) => read(refreshToken), () => null)
    const current = chain.at(-1)
    const isRotated = expectation === 'rotated'
    holds(t, state, token?.generation === (current?.generation ?? 0) + Number(isRotated), expectation)
    holds(t, state, isRotated || token?.secret.equals(current?.secret ?? Buffer.alloc(0)) === true, 'one successor')
    if (token === null) return { ...state, isLive: false }
    return {
      ...state,
      ...(isRotated && { chain: [...chain, token], tradedAt: [...state.tradedAt, now] }),
      ...(expectation === 'late' && { late: { generation: chain.length - 1, streak: streakOf(state) } }),
      held: step.reply === 'arrives' ? { ...held, [step.present]: token.generation } : held
    }
  }

  /** Every interleaving of so many steps; returns the states that they lead to. */
  async function explore (t: Test, steps: readonly Step[], depth: number): Promise<State[]> {
    const reached: State[] = []
    let level = [await start()]
    for (let step = 0; step < depth; step += 1) {
      const next: State[] = []
      for (let from = 0; from < level.length; from += batchSize) {
        const batch = level.slice(from, from + batchSize).filter(({ isLive }) => isLive)
        next.push(...await Promise.all(batch.flatMap(state => steps.map(step => after(t, state, step)))))
      }
      reached.push(...next)
      level = next
    }
    return reached
  }

  return { explore, after }
}

const batchSize = 16

/** Tens of thousands of assertions would only be noise; those that fail are shown with the steps that led there. */
function holds (t: Test, { steps, held, now }: State, holds: boolean, what: string): void {
  if (!holds) t.fail(what, { steps, held, now })
}

const arrives = (present: Holder): Step => ({ present, reply: 'arrives' })
const isLost = (present: Holder): Step => ({ present, reply: 'is lost' })

t.test('whatever two tabs without a lock do inside the windows, the owner stays signed in', async t => {
  const { explore } = await setUp(t, policy)
  const steps = [arrives('tab'), isLost('tab'), arrives('otherTab'), isLost('otherTab'), { wait: 200 }]
  const states = await explore(t, steps, 5)
  t.equal(states.length, 3_905)
  t.same(states.filter(({ isLive }) => !isLive), [], 'five steps are shorter than the retry window')
})

t.test('a thief and the owner never both go on past the confirm window', async t => {
  const { explore, after } = await setUp(t, policy)
  const wait: Step = { wait: policy.confirmWindow }
  const steps = [arrives('tab'), isLost('tab'), arrives('thief'), 'steal', 'use', { wait: 600 }] as const
  const states = await explore(t, steps, 4)
  const live = states.filter(({ isLive, steps }) => isLive && steps.length === 4)
  let ends = 0
  for (let from = 0; from < live.length; from += batchSize) {
    await Promise.all(live.slice(from, from + batchSize).map(async state => {
      for (const step of [arrives('tab'), arrives('thief')]) {
        if (!(await after(t, state, step)).isLive) ends += 1
      }
      let later = state
      for (const step of [wait, arrives('thief'), wait, arrives('tab'), wait, arrives('thief')]) {
        if (later.isLive) later = await after(t, later, step)
      }
      holds(t, later, !later.isLive, 'one of them ends the session')
    }))
  }
  t.ok(ends > 0, 'some of the fifth steps end it at once')
})

t.test('with both windows 0 a token is good for one use, in every order', async t => {
  const { explore } = await setUp(t, { ...policy, retryWindow: 0, confirmWindow: 0 })
  const steps = [arrives('tab'), isLost('tab'), arrives('otherTab'), 'use', { wait: 1 }] as const
  const states = await explore(t, steps, 5)
  for (const state of states.filter(({ isLive }) => isLive)) {
    const trades = state.steps.filter(step => typeof step === 'object' && 'present' in step).length
    holds(t, state, state.chain.length === 1 + trades, 'each trade was of a token that had not been used')
  }
  t.ok(states.some(({ isLive }) => !isLive))
})
