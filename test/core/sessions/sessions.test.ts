import { randomUUID } from 'node:crypto'
import t from 'tap'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { openBackend } from '../../../src/backend.js'
import { createSessionList } from '../../../src/core/sessions/sessions.js'
import type { RevocationNotice } from '../../../src/core/revocations/revocation-notices.js'
import { buildCore, testLog } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const { core, sql, db } = await buildCore(t)

type Grant = Awaited<ReturnType<typeof signedIn>>

const signInAgain = ({ email }: Grant) => core.signIn.withPassword({ email, password }, 'partner', clientInfo)

const answerTo = (accessToken: string) => outcomeOf(core.validation.authenticate(accessToken))

async function eventsOf (sessionId: string): Promise<string[]> {
  const rows = await sql<{ event: string }[]>`
    SELECT event FROM audit_events WHERE session_id = ${sessionId} ORDER BY at`
  return rows.map(row => row.event)
}

t.test('a session holds hashes of its secret only, and where it came from', async t => {
  const { sessionId, account, refreshToken } = await signedIn(core)
  const [row] = await sql`SELECT * FROM sessions WHERE id = ${sessionId}`
  const { address, userAgent } = clientInfo
  t.match(row, { account_id: account.id, contract: 'partner', address, user_agent: userAgent })
  const secret = Buffer.from(refreshToken.slice(3), 'base64url').subarray(37, 69)
  const stored = Object.values(row ?? {}).map(value => Buffer.isBuffer(value) ? value.toString('hex') : String(value))
  t.notOk(stored.some(value => value.includes(secret.toString('hex'))))
  t.equal(stored.filter(value => /^[0-9a-f]{64}$/.test(value)).length, 1, 'one hash, none of a previous secret yet')
})

t.test('a session has the lifetime of its contract, at most SESSION_MAX_AGE', async t => {
  const lifetimes = { accessToken: 100, refreshToken: 1_000, longAccessToken: 500 }
  for (const [session, expected] of [[10_000, [1_000, 100, 500]], [60, [60, 60, 60]]] as const) {
    const { core, sql } = await buildCore(t, { settings: { lifetimes: { ...lifetimes, session } } })
    const grant = await signedIn(core)
    const credentials = { email: grant.email, password }
    const extended = await core.signIn.withPassword(credentials, 'session', clientInfo)
    const single = await core.signIn.withPassword(credentials, 'spa', clientInfo)
    for (const [n, { sessionId }] of [grant, extended, single].entries()) {
      const [row] = await sql<[{ seconds: number }]>`
        SELECT round(extract(epoch FROM expires_at - created_at))::int AS seconds FROM sessions WHERE id = ${sessionId}`
      t.equal(row.seconds, expected[n])
    }
  }
})

t.test('a session is ended once, for the first reason given, and that is on record once', async t => {
  const grant = await signedIn(core)
  const end = (reason: 'signed_out' | 'revoked') =>
    core.sessions.end(grant.account.id, grant.sessionId, reason, clientInfo)
  t.equal(await end('signed_out'), true)
  t.equal(await end('revoked'), false)
  t.equal(await answerTo(grant.accessToken), 'invalid_token/signed_out')
  t.equal(await outcomeOf(core.refresh.trade(grant.refreshToken, clientInfo)), 'invalid_refresh_token/signed_out')
  t.same(await eventsOf(grant.sessionId), ['signed_in', 'signed_out'])
})

t.test('of many who end one session at once one does', async t => {
  for (let round = 0; round < 30; round += 1) {
    const { account, sessionId } = await signedIn(core)
    const ended = await Promise.all(Array.from({ length: 8 }, () =>
      core.sessions.end(account.id, sessionId, 'revoked', clientInfo)))
    t.equal(ended.filter(Boolean).length, 1)
    t.same(await eventsOf(sessionId), ['signed_in', 'session_revoked'])
  }
})

t.test('ids of no session disturb no cache; to end one again publishes again', async t => {
  const published: RevocationNotice[] = []
  const sessions = createSessionList({ sql: db.sql, revocations: { publish: notice => published.push(notice) } })
  const { account, sessionId } = await signedIn(core)
  const stranger = await signedIn(core)
  for (const id of [randomUUID(), stranger.sessionId]) await sessions.end(account.id, id, 'revoked', clientInfo)
  t.same(published, [])
  for (let call = 0; call < 2; call += 1) await sessions.end(account.id, sessionId, 'revoked', clientInfo)
  t.same(published, Array(2).fill({ accountId: account.id, sessionId }), 'the first reply may have been lost')
})

t.test('a session of another account cannot be ended', async t => {
  const [owner, other] = [await signedIn(core), await signedIn(core)]
  const ids = [owner.sessionId, owner.sessionId.toUpperCase(), randomUUID(), '', 'x', '%', "' OR true --"]
  for (const sessionId of ids) {
    t.equal(await core.sessions.end(other.account.id, sessionId, 'revoked', clientInfo), false)
  }
  await core.sessions.endOthers(other.account.id, other.sessionId, 'revoked', clientInfo)
  await core.sessions.endAll(other.account.id, 'revoked', clientInfo)
  t.equal(await answerTo(owner.accessToken), 'granted')
  t.equal(await core.sessions.find(other.account.id, owner.sessionId), null)
  t.same((await core.sessions.list(owner.account.id)).map(({ id }) => id), [owner.sessionId])
})

t.test('all sessions of an account are ended, those that lived are counted and on record', async t => {
  const first = await signedIn(core)
  const others = [await signInAgain(first), await signInAgain(first)]
  await core.sessions.end(first.account.id, first.sessionId, 'signed_out', clientInfo)
  t.equal(await core.sessions.endAll(first.account.id, 'revoked', clientInfo), 2)
  t.equal(await core.sessions.endAll(first.account.id, 'revoked', clientInfo), 0)
  for (const { accessToken, sessionId } of others) {
    t.equal(await answerTo(accessToken), 'invalid_token/revoked')
    t.same(await eventsOf(sessionId), ['signed_in', 'session_revoked'])
  }
  t.equal(await answerTo(first.accessToken), 'invalid_token/signed_out', 'the first one keeps its reason')
  t.equal(await core.sessions.endAll(randomUUID(), 'revoked', clientInfo), 0)
  t.equal(await answerTo((await signInAgain(first)).accessToken), 'granted', 'the account itself goes on')
})

t.test('all sessions but one are ended', async t => {
  const first = await signedIn(core)
  const others = [await signInAgain(first), await signInAgain(first)]
  await core.sessions.endOthers(first.account.id, first.sessionId, 'revoked', clientInfo)
  t.equal(await answerTo(first.accessToken), 'granted')
  t.equal(await outcomeOf(core.refresh.trade(first.refreshToken, clientInfo)), 'granted')
  for (const other of others) {
    t.equal(await answerTo(other.accessToken), 'invalid_token/revoked')
    t.equal(await outcomeOf(core.refresh.trade(other.refreshToken, clientInfo)), 'invalid_refresh_token/revoked')
  }
})

t.test('only live sessions are shown, newest first, without anything that is a credential', async t => {
  const first = await signedIn(core)
  const { id: accountId } = first.account
  const grants = [first]
  for (let n = 0; n < 5; n += 1) grants.push({ ...await signInAgain(first), email: first.email })
  const [live, ended, expired, outdated, newest] = grants.map(grant => grant.sessionId)
  await core.sessions.end(accountId, ended ?? '', 'revoked', clientInfo)
  await sql`UPDATE sessions SET expires_at = now() WHERE id = ${expired ?? ''}`
  await sql`UPDATE sessions SET epoch = epoch - 1 WHERE id = ${outdated ?? ''}`
  const shown = await core.sessions.list(accountId)
  t.same(shown.map(session => session.id), [grants[5]?.sessionId, newest, live])
  t.same(Object.keys(shown[0] ?? {}),
    ['id', 'contract', 'address', 'userAgent', 'deviceName', 'createdAt', 'updatedAt', 'expiresAt'])
  t.same(await core.sessions.find(accountId, live ?? ''), shown[2])
  for (const dead of [ended, expired, outdated]) t.equal(await core.sessions.find(accountId, dead ?? ''), null)
  t.same(await core.sessions.list(randomUUID()), [])
})

t.test('any token that was issued here signs its session out, whatever became of it', async t => {
  const { core, sql, settings } = await buildCore(t, { settings: { refresh: { retryWindow: 0 } } })
  const tokens = {
    'the current refresh token': async (grant: Grant) =>
      core.sessions.signOut.byRefreshToken(grant.refreshToken, clientInfo),
    'one that was traded': async (grant: Grant) => {
      const next = await core.refresh.trade(grant.refreshToken, clientInfo)
      await core.refresh.trade(next.refreshToken, clientInfo)
      await core.sessions.signOut.byRefreshToken(grant.refreshToken, clientInfo)
    },
    'the access token': async (grant: Grant) => core.sessions.signOut.byAccessToken(grant.accessToken, clientInfo),
    'the access token of before a refresh': async (grant: Grant) => {
      await core.refresh.trade(grant.refreshToken, clientInfo)
      await core.sessions.signOut.byAccessToken(grant.accessToken, clientInfo)
    }
  }
  for (const [name, signOut] of Object.entries(tokens)) {
    const grant = await signedIn(core)
    await signOut(grant)
    const [row] = await sql`SELECT end_reason FROM sessions WHERE id = ${grant.sessionId}`
    t.equal(row?.end_reason, 'signed_out', name)
  }
  const later = await openBackend({ settings, log: testLog().log, now: () => Date.now() + 86_400_000 })
  t.teardown(() => later.close())
  await later.prepare()
  const grant = await signedIn(core)
  t.equal(await outcomeOf(later.core.validation.authenticate(grant.accessToken)), 'invalid_token/expired')
  await later.core.sessions.signOut.byAccessToken(grant.accessToken, clientInfo)
  t.equal(await outcomeOf(core.refresh.trade(grant.refreshToken, clientInfo)), 'invalid_refresh_token/signed_out')
})

t.test('a token that was not issued here ends no session, and is no error', async t => {
  const grant = await signedIn(core)
  const { refreshToken, accessToken } = grant
  const spoiled = (token: string, at: number) =>
    `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
  for (const text of ['', 'x', 'rt_', spoiled(refreshToken, 40), spoiled(refreshToken, 70), accessToken]) {
    await core.sessions.signOut.byRefreshToken(text, clientInfo)
  }
  for (const text of ['', 'x', spoiled(accessToken, 10), spoiled(accessToken, accessToken.length - 20), refreshToken]) {
    await core.sessions.signOut.byAccessToken(text, clientInfo)
  }
  t.equal(await answerTo(accessToken), 'granted')
})

t.test('beyond the quota of live sessions a sign-in ends the oldest, at once and on record', async t => {
  const { core, sql } = await buildCore(t, { settings: { quotas: { sessions: 3 } } })
  const first = await signedIn(core)
  const again = () => core.signIn.withPassword({ email: first.email, password }, 'partner', clientInfo)
  const [second, third] = [await again(), await again()]
  const answers = () => Promise.all([first, second, third].map(({ accessToken }) =>
    outcomeOf(core.validation.authenticate(accessToken))))
  t.same(await answers(), ['granted', 'granted', 'granted'])

  await again()
  t.same(await answers(), ['invalid_token/revoked', 'granted', 'granted'], 'also when the answer was cached')
  const [event] = await sql`SELECT event FROM audit_events WHERE session_id = ${first.sessionId} ORDER BY at DESC`
  t.equal(event?.event, 'session_limit_reached')

  await core.sessions.end(first.account.id, third.sessionId, 'signed_out', clientInfo)
  await again()
  t.same(await answers(), ['invalid_token/revoked', 'granted', 'invalid_token/signed_out'], 'ended ones do not count')

  const other = await signedIn(core)
  await Promise.all(Array.from({ length: 8 }, again))
  await again()
  t.equal((await core.sessions.list(first.account.id)).length, 3, 'also after many at once')
  t.equal((await core.sessions.list(other.account.id)).length, 1)
})
