import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Overrides } from '../../support/settings.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import type { SignedIn } from '../../../src/core/sessions/session-start.js'
import type { IssuedTokens } from '../../../src/core/sessions/token-issuer.js'
import { readRefreshToken, writeRefreshToken } from '../../../src/core/tokens/refresh-token.js'
import { clientInfo, rejectionOf, password, refusesRefresh, signedIn } from '../../support/accounts.js'
import { ageRotations, asOldRelease } from '../../support/age-rotations.js'
import { secondCore } from '../../support/second-core.js'
import { buildCore, type BuildOptions } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'

/* The table of src/core/refresh/replay.ts, line by line. The database's clock judges ages, so rows are aged instead. */

const settings: Overrides = { refresh: { retryWindow: 10, confirmWindow: 3600, lateRetries: 3 } }

async function setUp (t: Test, overrides: Overrides = {}, options: BuildOptions = {}) {
  const { core, sql, settings: own } = await buildCore(t, { ...options, settings: { ...settings, ...overrides } })
  const refresh = (token: string) => core.refresh.trade(token, clientInfo)
  return {
    core,
    sql,
    refresh,
    keyring: createKeyring(String(own.secrets.current)),
    /** The tokens of a new session and of so many refreshes, one right after the other. */
    chain: async (length: number): Promise<[IssuedTokens, ...IssuedTokens[]]> => {
      const first: IssuedTokens = await signedIn(core)
      const next: IssuedTokens[] = []
      for (let step = 0; step < length; step += 1) next.push(await refresh((next.at(-1) ?? first).refreshToken))
      return [first, ...next]
    },
    age: ({ sessionId }: IssuedTokens, seconds: number) => ageRotations(sql, sessionId, seconds),
    events: async (grant: IssuedTokens) => (await sql<{ event: string }[]>`
      SELECT event FROM audit_events WHERE session_id = ${grant.sessionId} ORDER BY at`).map(row => row.event)
  }
}

t.test('the current token is traded for the next one, and the session goes on', async t => {
  const { core, refresh, sql } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  const third = await refresh(second.refreshToken)
  t.equal(new Set([first, second, third].map(grant => grant.refreshToken)).size, 3)
  t.equal(third.sessionId, first.sessionId)
  t.equal(await rejectionOf(core, first.accessToken), null, 'rotation ends no access token in flight')
  t.equal(await rejectionOf(core, third.accessToken), null)
  const rows = await sql`SELECT id FROM sessions WHERE account_id = ${first.account.id}`
  t.equal(rows.length, 1, 'one row per session, whatever happens to it')
})

t.test('200 concurrent refreshes of one token yield exactly one successor', async t => {
  const { core, refresh, events } = await setUp(t)
  const first = await signedIn(core)
  const grants = await Promise.all(Array.from({ length: 200 }, () => refresh(first.refreshToken)))
  const successors = new Set(grants.map(grant => grant.refreshToken))
  t.equal(successors.size, 1)
  t.notOk(successors.has(first.refreshToken))
  t.same(await events(first), ['signed_in'], 'nothing of it is worth a record')
})

t.test('the previous token gets the same successor again inside the retry window', async t => {
  const { core, refresh, age } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await age(first, 8)
  t.equal((await refresh(first.refreshToken)).refreshToken, second.refreshToken)
})

t.test('inside the retry window that holds also for a successor that is confirmed', async t => {
  const { core, refresh } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await core.validation.authenticate(second.accessToken)
  t.equal((await refresh(first.refreshToken)).refreshToken, second.refreshToken)
})

t.test('a lost reply is retried after the window while the successor is unconfirmed, and put on record', async t => {
  const { core, refresh, age, events } = await setUp(t)
  const first = await signedIn(core)
  const lost = await refresh(first.refreshToken)
  await age(first, 600)
  const retried = await refresh(first.refreshToken)
  t.equal(retried.refreshToken, lost.refreshToken)
  t.same(await events(first), ['signed_in', 'refresh_retried_late'])
  t.ok(await refresh(retried.refreshToken))
})

t.test('after the confirm window the previous token is theft', async t => {
  const { core, refresh, age, events } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await age(first, 3600)
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
  await refusesRefresh(t, refresh(second.refreshToken), 'reused')
  t.equal(await rejectionOf(core, second.accessToken), 'reused')
  t.same(await events(first), ['signed_in', 'refresh_token_reused'], 'one theft is one record')
})

t.test('once its access token was seen, the successor is confirmed and the previous token is theft', async t => {
  const { core, refresh, age } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await core.validation.authenticate(second.accessToken)
  await age(first, 11)
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
})

t.test('an access token of before the step confirms nothing', async t => {
  const { core, refresh, age } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await core.validation.authenticate(first.accessToken)
  await age(first, 600)
  t.equal((await refresh(first.refreshToken)).refreshToken, second.refreshToken)
})

t.test('a token older than the previous one is theft after the window, and ends only its own session', async t => {
  const { core, refresh, age } = await setUp(t)
  const first = await signedIn(core)
  const elsewhere = await core.signIn.withPassword({ email: first.email, password }, 'partner', clientInfo)
  const second = await refresh(first.refreshToken)
  await age(first, 11)
  const third = await refresh(second.refreshToken)
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
  await refusesRefresh(t, refresh(third.refreshToken), 'reused')
  t.equal(await rejectionOf(core, third.accessToken), 'reused')
  t.equal(await rejectionOf(core, elsewhere.accessToken), null)
  t.ok(await refresh(elsewhere.refreshToken))
})

t.test('inside the window every traded token gets the current one, however many rotations ago', async t => {
  const { refresh, events, chain } = await setUp(t)
  const [first, ...others] = await chain(3)
  const current = others.at(-1)?.refreshToken
  for (const { refreshToken } of [first, ...others.slice(0, -1), first]) {
    t.equal((await refresh(refreshToken)).refreshToken, current)
  }
  t.same(await events(first), ['signed_in'], 'nothing of it is worth a record')
  t.not((await refresh(current ?? '')).refreshToken, current, 'and the current one is traded')
})

t.test('a traded token is classified by the age of its own rotation', async t => {
  for (const [seconds, outcome] of [[900, 'retried'], [1_000, 'reused']] as const) {
    const { refresh, age, chain } = await setUp(t, { refresh: { retryWindow: 1_000 } })
    const [first, second] = await chain(1)
    await age(first, seconds)
    const third = await refresh(second?.refreshToken ?? '')
    const again = refresh(first.refreshToken)
    if (outcome === 'reused') await refusesRefresh(t, again, 'reused')
    else t.equal((await again).refreshToken, third.refreshToken)
  }
})

t.test('a window of 0 knows no traded token', async t => {
  const { refresh, chain, sql } = await setUp(t, { refresh: { retryWindow: 0 } })
  const [first] = await chain(2)
  t.match(await sql`SELECT earlier_rotations, earlier_rotated_at FROM sessions WHERE id = ${first.sessionId}`, [
    { earlier_rotations: null, earlier_rotated_at: null }
  ])
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
})

t.test('a fifth rotation inside the window waits, since the first token would not be known after it', async t => {
  const { refresh, age, chain } = await setUp(t)
  const [first, ...later] = await chain(4)
  const current = later.at(-1)?.refreshToken ?? ''
  for (const { refreshToken } of [first, ...later]) {
    t.equal((await refresh(refreshToken)).refreshToken, current)
  }
  await age(first, 10)
  const next = await refresh(current)
  t.not(next.refreshToken, current, 'a while later it is traded')
  t.equal((await refresh(current)).refreshToken, next.refreshToken)
  await refusesRefresh(t, refresh(later[0]?.refreshToken ?? ''), 'reused')
})

t.test('a wrong secret is theft also when its generation was traded a moment ago', async t => {
  for (const depth of [0, 1, 2, 3]) {
    const { refresh, chain, core, keyring } = await setUp(t)
    const grants = await chain(3)
    const token = readRefreshToken(keyring, grants[0].refreshToken)
    if (token === null) throw new Error('not a refresh token')
    const forged = writeRefreshToken(keyring, { ...token, generation: 3 - depth, secret: randomBytes(32) })
    await refusesRefresh(t, refresh(forged), 'reused')
    t.equal(await rejectionOf(core, grants[0].accessToken), 'reused', `${depth} rotations ago`)
  }
})

t.test('a chain whose nonces are damaged gives no token, and ends nothing', async t => {
  const { refresh, chain, sql } = await setUp(t)
  const [first, , third] = await chain(2)
  await sql`UPDATE sessions SET earlier_rotations = set_byte(earlier_rotations, 40, 7) WHERE id = ${first.sessionId}`
  await refusesRefresh(t, refresh(first.refreshToken), 'unknown')
  t.ok(await refresh(third?.refreshToken ?? ''))
})

t.test('a token is walked forward over a change of KEYTURN_SECRET', async t => {
  const { core, settings: own } = await buildCore(t, { ownDatabase: true, settings })
  const current = String(own.secrets.current)
  const ahead = await secondCore(t, own, { secrets: { current: `the next ${current}`, previous: current } })
  const first = await signedIn(core)
  const second = await core.refresh.trade(first.refreshToken, clientInfo)
  const third = await ahead.refresh.trade(second.refreshToken, clientInfo)
  const fourth = await ahead.refresh.trade(third.refreshToken, clientInfo)
  t.equal((await ahead.refresh.trade(first.refreshToken, clientInfo)).refreshToken, fourth.refreshToken)
})

t.test('rotations of version 0.1 in between lead to no wrong token', async t => {
  const { core, refresh, age, sql } = await setUp(t)
  const old = (token: string, { sessionId }: IssuedTokens) => asOldRelease(sql, sessionId, () => refresh(token))
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  const third = await refresh(second.refreshToken)
  const fourth = await old(third.refreshToken, first)
  t.equal((await refresh(third.refreshToken)).refreshToken, fourth.refreshToken, 'the last rotation is known')
  const fifth = await refresh(fourth.refreshToken)
  await age(first, 11)
  const sixth = await refresh(fifth.refreshToken)
  const seventh = await refresh(sixth.refreshToken)
  t.equal((await refresh(fifth.refreshToken)).refreshToken, seventh.refreshToken, 'later all are known again')
  await refusesRefresh(t, refresh(third.refreshToken), 'reused')
})

t.test('a token that was traded before a rotation of version 0.1 is theft, as it is to version 0.1', async t => {
  const { core, refresh, sql } = await setUp(t)
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await asOldRelease(sql, first.sessionId, () => refresh(second.refreshToken))
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
})

t.test('at most three generations in a row may need a late retry', async t => {
  const { core, refresh, age } = await setUp(t)
  const grant = await signedIn(core)
  let token = grant.refreshToken
  for (let generation = 1; generation <= 3; generation += 1) {
    const lost = await refresh(token)
    await age(grant, 600)
    t.equal((await refresh(token)).refreshToken, lost.refreshToken, `generation ${generation}`)
    t.equal((await refresh(token)).refreshToken, lost.refreshToken, 'a second retry of one generation is not counted')
    token = lost.refreshToken
  }
  await refresh(token)
  await age(grant, 600)
  await refusesRefresh(t, refresh(token), 'reused')
})

t.test('a generation without a late retry resets the count', async t => {
  const { core, refresh, age } = await setUp(t)
  const grant = await signedIn(core)
  let token = grant.refreshToken
  for (let round = 1; round <= 3; round += 1) {
    for (let generation = 1; generation <= 2; generation += 1) {
      await refresh(token)
      await age(grant, 600)
      token = (await refresh(token)).refreshToken
    }
    token = (await refresh(token)).refreshToken
  }
  t.ok(await refresh(token))
})

t.test('two holders who take turns are found out, though nothing ever confirms', async t => {
  const { core, refresh, age } = await setUp(t)
  const grant = await signedIn(core)
  let shared = grant.refreshToken
  let turns = 0
  const takeTurns = async () => {
    for (; turns < 20; turns += 1) {
      const owner = await refresh(shared)
      await age(grant, 600)
      const thief = await refresh(shared)
      t.equal(thief.refreshToken, owner.refreshToken)
      shared = owner.refreshToken
    }
  }
  await t.rejects(takeTurns(), { message: 'reused' })
  t.equal(turns, 3)
})

t.test('with both windows at 0 a token is good exactly once', async t => {
  const { core, refresh } = await setUp(t, { refresh: { retryWindow: 0, confirmWindow: 0 } })
  const first = await signedIn(core)
  const second = await refresh(first.refreshToken)
  await refusesRefresh(t, refresh(first.refreshToken), 'reused')
  await refusesRefresh(t, refresh(second.refreshToken), 'reused')
})

t.test('with both windows at 0 of two requests at the same moment one wins, the other ends the session', async t => {
  const { core, refresh, events } = await setUp(t, { refresh: { retryWindow: 0, confirmWindow: 0 } })
  for (let round = 0; round < 20; round += 1) {
    const first = await signedIn(core)
    const outcomes = await Promise.allSettled([refresh(first.refreshToken), refresh(first.refreshToken)])
    t.same(outcomes.map(outcome => outcome.status).sort(), ['fulfilled', 'rejected'])
    t.same(await events(first), ['signed_in', 'refresh_token_reused'])
  }
})

t.test('a token of a session that has ended is refused with the reason, and nothing else happens', async t => {
  const { core, refresh, sql, events } = await setUp(t)
  const ends = [
    ['signed_out', ({ refreshToken }: SignedIn<'partner'>) =>
      core.sessions.signOut.byRefreshToken(refreshToken, clientInfo)],
    ['revoked', (grant: SignedIn<'partner'>) => core.sessions.endAll(grant.account.id, 'revoked', clientInfo)],
    ['revoked', (grant: SignedIn<'partner'>) => core.accounts.disable(grant.account.email, clientInfo)],
    ['unknown', (grant: SignedIn<'partner'>) => core.accounts.delete(grant.account.email, clientInfo)],
    ['expired', (grant: SignedIn<'partner'>) => sql`
      UPDATE sessions SET expires_at = now() WHERE id = ${grant.sessionId}`]
  ] as const
  for (const [fault, end] of ends) {
    const first = await signedIn(core)
    const second = await refresh(first.refreshToken)
    await end({ ...first, ...second })
    const before = await events(first)
    await refusesRefresh(t, refresh(first.refreshToken), fault)
    await refusesRefresh(t, refresh(second.refreshToken), fault)
    t.same(await events(first), before, `to replay a token of a session that is ${fault} is no theft`)
  }
})

t.test('a mangled or forged token is refused as malformed and ends no session', async t => {
  const { core, refresh } = await setUp(t)
  const first = await signedIn(core)
  const { refreshToken: good } = first
  const flipped = good.slice(0, 60) + (good[60] === 'A' ? 'B' : 'A') + good.slice(61)
  const forged = `rt_${Buffer.alloc(85, 7).toString('base64url')}`
  const bad = [flipped, forged, '', 'rt_', good.slice(1), `${good}=`, ` ${good}`, `${good}\n`, first.accessToken]
  for (const token of bad) {
    await refusesRefresh(t, refresh(token), 'malformed')
  }
  t.ok(await refresh(good))
})

t.test('no session is valid for longer than SESSION_MAX_AGE, however often it is refreshed', async t => {
  const { core, refresh, sql } = await setUp(t, { lifetimes: { refreshToken: 3600, session: 7200 } })
  const first = await signedIn(core)
  t.equal(first.refreshExpiresIn, 3600)
  await sql`UPDATE sessions SET created_at = ${earlier(sql, 'created_at', 5_400)} WHERE id = ${first.sessionId}`
  const second = await refresh(first.refreshToken)
  for (const seconds of [second.refreshExpiresIn, second.expiresIn]) {
    t.ok(seconds <= 1_800 && seconds > 1_700, `${seconds}: and no access token outlives its session`)
  }
})

t.test('an instance without the secret of the last step refuses, and ends no session', async t => {
  const { core, sql, settings: own } = await buildCore(t, { ownDatabase: true, settings })
  const { refreshToken } = await signedIn(core)
  const old = String(own.secrets.current)
  const ahead = await secondCore(t, own, { secrets: { current: `the next ${old}`, previous: old } })
  const next = await ahead.refresh.trade(refreshToken, clientInfo)
  await refusesRefresh(t, core.refresh.trade(refreshToken, clientInfo), 'unknown')
  t.ok(await ahead.refresh.trade(next.refreshToken, clientInfo), 'the session goes on')
  t.same((await sql`SELECT 1 FROM sessions WHERE ended_at IS NOT NULL`).length, 0)
})
