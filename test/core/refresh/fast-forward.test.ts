import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createForwardStatements } from '../../../src/core/refresh/fast-forward.js'
import { readRefreshToken, type RefreshToken } from '../../../src/core/tokens/refresh-token.js'
import { clientInfo, password, refusesRefresh, rejectionOf, signedIn } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { buildCore } from '../../support/build.js'
import { isLockAwaited } from '../../support/lock-waits.js'
import { loseCommitsOf } from '../../support/lost-commits.js'
import type { Overrides } from '../../support/settings.js'
import { isOnCitus } from '../../support/test-database.js'
import { until } from '../../support/until.js'

/* After a failover that lost commits, clients hold tokens that are newer than the row of their session. */

const day = 86_400

async function setUp (t: Test, refreshSettings: Overrides['refresh'] = {}) {
  const { core, db, sql, settings } = await buildCore(t, { settings: { refresh: refreshSettings } })
  const keyring = createKeyring(String(settings.secrets.current))
  const refresh = (token: string) => core.refresh.trade(token, clientInfo)

  /** A session whose last `lost` refreshes the promoted standby does not have; all its refresh tokens in order. */
  async function failedOver (lost: number) {
    const session = await signedIn(core)
    const failOver = await loseCommitsOf(sql, session.sessionId)
    const tokens = [session.refreshToken]
    for (let each = 0; each < lost; each += 1) tokens.push((await refresh(tokens.at(-1) ?? '')).refreshToken)
    await failOver()
    const token = (generation: number) => tokens[generation] ?? ''
    return { session, token, newest: token(lost) }
  }

  return {
    core,
    db,
    sql,
    lifetimes: settings.lifetimes,
    refresh,
    /** What is in a token of this server. */
    read: (text: string): RefreshToken => {
      const token = readRefreshToken(keyring, text)
      if (token === null) throw new Error('not a refresh token')
      return token
    },
    failedOver,
    age: (sessionId: string, seconds: number) => ageRotations(sql, sessionId, seconds),
    events: async (sessionId: string) => (await sql<{ event: string }[]>`
      SELECT event FROM audit_events WHERE session_id = ${sessionId} ORDER BY at`).map(row => row.event)
  }
}

t.test('a refresh token whose commits were lost goes on, on record and counted', async t => {
  const { core, refresh, failedOver, events } = await setUp(t)
  const { session, newest } = await failedOver(3)
  const next = await refresh(newest)
  t.equal(next.sessionId, session.sessionId)
  t.equal(await rejectionOf(core, next.accessToken), null)
  const after = await refresh(next.refreshToken)
  t.not(after.refreshToken, next.refreshToken)
  t.same(await events(session.sessionId), ['signed_in', 'refresh_fast_forwarded'])
  t.equal(core.metrics().fastForwards, 1)
})

t.test('50 requests with one such token get one and the same successor', async t => {
  const { refresh, failedOver, events } = await setUp(t)
  const { session, newest } = await failedOver(2)
  const grants = await Promise.all(Array.from({ length: 50 }, () => refresh(newest)))
  t.equal(new Set(grants.map(({ refreshToken }) => refreshToken)).size, 1)
  t.same(await events(session.sessionId), ['signed_in', 'refresh_fast_forwarded'])
})

t.test('a session that ends while such a token is taken ends it too', { skip: isOnCitus }, async t => {
  const { sql, refresh, failedOver } = await setUp(t)
  const { session, newest } = await failedOver(2)
  const held = await sql.reserve()
  await held`BEGIN`
  await held`
    UPDATE sessions SET ended_at = now(), end_reason = 'signed_out' WHERE id = ${session.sessionId}`
  const outcome = refusesRefresh(t, refresh(newest), 'signed_out')
  await until('it waits for the row', () => isLockAwaited(sql))
  await held`COMMIT`
  held.release()
  await outcome
})

t.test('a lost reply to such a token is retried as any other', async t => {
  const { refresh, failedOver, age } = await setUp(t)
  const { session, newest } = await failedOver(2)
  const next = await refresh(newest)
  t.equal((await refresh(newest)).refreshToken, next.refreshToken)
  await age(session.sessionId, 3_600)
  t.equal((await refresh(newest)).refreshToken, next.refreshToken, 'late, as long as nothing confirms it')
})

t.test('of an owner and a thief on two branches, the older token ends the session', async t => {
  const { core, refresh, failedOver, age } = await setUp(t)

  const thiefFirst = await failedOver(2)
  const stolen = await refresh(thiefFirst.token(1))
  await refusesRefresh(t, refresh(thiefFirst.newest), 'reused')
  await refusesRefresh(t, refresh(stolen.refreshToken), 'reused')
  t.equal(await rejectionOf(core, stolen.accessToken), 'reused')

  const ownerFirst = await failedOver(3)
  const next = await refresh(ownerFirst.newest)
  await refusesRefresh(t, refresh(ownerFirst.token(1)), 'reused')
  await refusesRefresh(t, refresh(next.refreshToken), 'reused')

  const later = await failedOver(3)
  await refresh(later.newest)
  await age(later.session.sessionId, 3_600)
  await refusesRefresh(t, refresh(later.token(2)), 'reused')
})

t.test('a token stolen before the failover, and used before it, ends the session after it', async t => {
  const { core, sql, refresh } = await setUp(t)
  const session = await signedIn(core)
  const failOver = await loseCommitsOf(sql, session.sessionId)
  const owner = await refresh((await refresh(session.refreshToken)).refreshToken)
  await ageRotations(sql, session.sessionId, 2 * day)
  await refusesRefresh(t, refresh(session.refreshToken), 'reused')
  await failOver()
  const next = await refresh(owner.refreshToken)
  await ageRotations(sql, session.sessionId, 2 * day)
  await refusesRefresh(t, refresh(session.refreshToken), 'reused')
  await refusesRefresh(t, refresh(next.refreshToken), 'reused')
})

t.test('the same generation with another secret is a fork, and ends the session', async t => {
  const { refresh, failedOver } = await setUp(t)
  const { token } = await failedOver(1)
  const fork = await refresh(token(0))
  await refusesRefresh(t, refresh(token(1)), 'reused')
  await refusesRefresh(t, refresh(fork.refreshToken), 'reused')
})

t.test('one older than a token that was ahead is unknown inside the retry window: another tab may send it', async t => {
  const { refresh, failedOver, events } = await setUp(t)
  const { session, token, newest } = await failedOver(2)
  const next = await refresh(newest)
  await refusesRefresh(t, refresh(token(1)), 'unknown')
  const later = await refresh(next.refreshToken)
  await refusesRefresh(t, refresh(token(1)), 'unknown')
  await refresh(later.refreshToken)
  t.same(await events(session.sessionId), ['signed_in', 'refresh_fast_forwarded'], 'nobody is signed out')
})

t.test('a session that has ended does not go on, nor one of a disabled account, nor one past its expiry', async t => {
  const { core, sql, refresh, failedOver } = await setUp(t)
  const signedOut = await failedOver(2)
  await core.sessions.signOut.byRefreshToken(signedOut.token(0), clientInfo)
  await refusesRefresh(t, refresh(signedOut.newest), 'signed_out')

  const disabled = await failedOver(2)
  await core.accounts.disable(disabled.session.email, clientInfo)
  await refusesRefresh(t, refresh(disabled.newest), 'revoked')

  const expired = await failedOver(2)
  await sql`UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = ${expired.session.sessionId}`
  await refusesRefresh(t, refresh(expired.newest), 'expired')
  t.equal(core.metrics().fastForwards, 0)
})

t.test('a session that ends while its token is taken for one ahead stays ended', async t => {
  const { core, db, lifetimes, refresh, failedOver, read } = await setUp(t)
  const { session, newest, token } = await failedOver(2)
  const trades = Array.from({ length: 10 }, () => refresh(newest).catch((error: unknown) => error))
  await core.sessions.signOut.byRefreshToken(token(0), clientInfo)
  await Promise.all(trades)
  await refusesRefresh(t, refresh(newest), 'signed_out')
  t.equal(await core.sessions.find(session.account.id, session.sessionId), null)

  const hash = randomBytes(32)
  const { refreshToken, accessToken } = createForwardStatements({ sql: db.sql, lifetimes })
  const attempt = {
    token: read(newest), hash, successorHash: hash, nonce: hash, clientId: null, contract: 'partner'
  } as const
  t.same(await refreshToken(attempt, clientInfo), [], 'also where it ended after the token was classified')
  t.same(await accessToken({ sub: session.account.id, sid: session.sessionId, gen: 100 }, clientInfo), [])
})

t.test('a token is ahead by REFRESH_AHEAD_MAX generations at most, by none when that is 0', async t => {
  const bounded = await setUp(t, { aheadMax: 2 })
  const two = await bounded.failedOver(2)
  await bounded.refresh(two.newest)
  const three = await bounded.failedOver(3)
  await refusesRefresh(t, bounded.refresh(three.newest), 'reused')

  const off = await setUp(t, { aheadMax: 0 })
  const one = await off.failedOver(1)
  await refusesRefresh(t, off.refresh(one.newest), 'reused')
})

t.test('with both windows 0 a token that is ahead is good once', async t => {
  const { refresh, failedOver } = await setUp(t, { retryWindow: 0, confirmWindow: 0 })
  const { token, newest } = await failedOver(2)
  const next = await refresh(newest)
  await refusesRefresh(t, refresh(token(1)), 'reused')
  await refusesRefresh(t, refresh(next.refreshToken), 'reused')

  const again = await failedOver(2)
  await refresh(again.newest)
  await refusesRefresh(t, refresh(again.newest), 'reused')
})

t.test('another client than the one that trades the tokens gets nowhere with one that is ahead', async t => {
  const { core, sql, refresh } = await setUp(t)
  const session = await signedIn(core)
  const byClient = { contract: 'partner', clientId: 'client-a' } as const
  const first = await core.refresh.trade(session.refreshToken, clientInfo, byClient)
  const failOver = await loseCommitsOf(sql, session.sessionId)
  const lost = await core.refresh.trade(first.refreshToken, clientInfo, byClient)
  await failOver()
  await refusesRefresh(t, refresh(lost.refreshToken), 'wrong_client')
  t.ok(await core.refresh.trade(lost.refreshToken, clientInfo, byClient))
})

t.test('contract session: an access token whose extension was lost extends its session', async t => {
  const { core, sql, events } = await setUp(t)
  const { email } = await signedIn(core)
  const signIn = () => core.signIn.withPassword({ email, password }, 'session', clientInfo)
  const extend = (token: string) => core.refresh.extend(token, clientInfo)

  async function failedOver () {
    const session = await signIn()
    const failOver = await loseCommitsOf(sql, session.sessionId)
    const once = await extend(session.accessToken)
    const twice = await extend(once.accessToken)
    await failOver()
    return { session, once, twice }
  }

  const { session, once, twice } = await failedOver()
  const grants = await Promise.all(Array.from({ length: 20 }, () => extend(twice.accessToken)))
  const [next] = grants
  t.same(new Set(grants.map(({ sessionId }) => sessionId)), new Set([session.sessionId]))
  t.same(await events(session.sessionId), ['signed_in', 'refresh_fast_forwarded'])
  for (let round = 0; round < 4; round += 1) {
    const { twice: lost } = await failedOver()
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => extend(lost.accessToken)))
    t.same(new Set(outcomes.map(({ status }) => status)), new Set(['fulfilled']))
  }
  await extend(once.accessToken)
  await ageRotations(sql, session.sessionId, 60)
  await refusesRefresh(t, extend(once.accessToken), 'reused')
  t.equal(await rejectionOf(core, next?.accessToken ?? ''), 'reused')

  const signedOut = await failedOver()
  await core.sessions.signOut.byAccessToken(signedOut.session.accessToken, clientInfo)
  await refusesRefresh(t, extend(signedOut.twice.accessToken), 'signed_out')
})

t.test('contract session: beyond REFRESH_AHEAD_MAX a token is unknown', async t => {
  const { core, sql } = await setUp(t, { aheadMax: 0 })
  const { email } = await signedIn(core)
  const session = await core.signIn.withPassword({ email, password }, 'session', clientInfo)
  const failOver = await loseCommitsOf(sql, session.sessionId)
  const lost = await core.refresh.extend(session.accessToken, clientInfo)
  await failOver()
  await refusesRefresh(t, core.refresh.extend(lost.accessToken, clientInfo), 'unknown')
})
