import type postgres from 'postgres'
import t, { type Test } from 'tap'
import type { Overrides } from '../../support/settings.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createTokens } from '../../../src/core/tokens/index.js'
import { createConfirmations } from '../../../src/core/refresh/confirmations.js'
import { noopNotifier } from '../../../src/core/revocations/notifier.js'
import { createRevocationNotices } from '../../../src/core/revocations/revocation-notices.js'
import { createValidation } from '../../../src/core/validation/validation.js'
import { clientInfo, password, setSubscription, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { signedClaims, signingKeyOf } from '../../support/forging.js'
import { outcomeOf } from '../../support/refusal.js'

/** A validation whose queries are counted, with a cache of its own, beside a core that knows nothing of it. */
async function setUp (t: Test, { cacheTtl = 60, ...overrides }: Overrides & { cacheTtl?: number } = {}) {
  const { core, db, sql, settings } = await buildCore(t, { settings: overrides })
  const key = await signingKeyOf(db, settings)
  const keys = { current: () => key, find: async () => key, findByHeader: () => key }
  let milliseconds = Date.now()
  const now = () => milliseconds
  const keyring = createKeyring(settings.secrets.current ?? '')
  const tokens = createTokens({ keyring, keys, issuer: settings.issuer, settings: settings.tokens, now })
  const revocations = createRevocationNotices({ notifier: noopNotifier })
  const confirmations = createConfirmations({ sql: db.sql, onError: () => {} })
  t.teardown(() => confirmations.close())
  const validation = createValidation({
    db,
    tokens,
    sessions: core.sessions,
    refresh: { confirmations },
    revocations: { ...revocations, feed: { isCurrent: true } },
    settings: { cacheTtl, cacheMax: 100 },
    now
  })
  return {
    core,
    sql,
    key,
    revocations,
    confirmations,
    validation,
    tokens,
    answerTo: (token: string) => outcomeOf(validation.authenticate(token)),
    queries: () => db.statements.filter(text => text.includes('FROM sessions AS session')).length,
    pass: (ms: number) => { milliseconds += ms }
  }
}

/** Lets every statement that reads sessions wait until it is released. */
async function holdSessions (t: Test, sql: postgres.Sql) {
  const connection = await sql.reserve()
  await connection`BEGIN`
  await connection`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`
  let held = true
  const release = async () => {
    if (held) await connection`COMMIT`
    if (held) connection.release()
    held = false
  }
  t.teardown(release)
  return {
    release,
    waiting: async () => {
      const [row] = await sql<[{ count: number }]>`
        SELECT count(*)::int FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass`
      return row.count
    }
  }
}

async function waitUntil (isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 2_000 && !await isSo(); attempt += 1);
  if (!await isSo()) throw new Error('waited in vain')
}

t.test('a good token speaks for its account, its session and its contract', async t => {
  const { core, validation } = await setUp(t)
  const { accessToken, account, sessionId } = await signedIn(core)
  const { exp, signedInAt, ...principal } = await validation.authenticate(accessToken)
  t.same(principal, { account, accountId: account.id, sessionId, contract: 'partner', generation: 0 })
  t.ok(Number.isInteger(exp))
  t.equal(signedInAt, Math.floor(Number((await core.sessions.find(account.id, sessionId))?.createdAt) / 1000))
})

t.test('the second time a token is seen nothing is asked', async t => {
  const { core, validation, queries } = await setUp(t)
  const { accessToken } = await signedIn(core)
  const first = await validation.authenticate(accessToken)
  t.equal(queries(), 1)
  for (let n = 0; n < 50; n += 1) t.equal(await validation.authenticate(accessToken), first)
  t.equal(queries(), 1)
  t.equal(validation.metrics().cachedTokens, 1)
})

t.test('authenticateFresh returns the current state, whatever is cached', async t => {
  const { core, sql, validation, tokens, queries } = await setUp(t)
  const { accessToken, sessionId } = await signedIn(core)
  const remembered = await validation.authenticate(accessToken)
  const claims = await tokens.access.verify(accessToken)
  t.same(await validation.authenticateFresh(claims), remembered)
  t.equal(queries(), 2)
  // As another process would, which is not heard here.
  await sql`UPDATE sessions SET ended_at = now(), end_reason = 'signed_out' WHERE id = ${sessionId}`
  await t.rejects(validation.authenticateFresh(claims), { code: 'invalid_token', reason: 'signed_out' })
  t.equal(await validation.authenticate(accessToken), remembered)
})

t.test('after VALIDATION_CACHE_TTL, and with 0 every time, the database is asked', async t => {
  for (const [cacheTtl, expected] of [[60, 2], [0, 4]] as const) {
    const { core, answerTo, queries, pass } = await setUp(t, { cacheTtl })
    const { accessToken } = await signedIn(core)
    for (const ms of [0, 59_999, 1, 0]) {
      pass(ms)
      t.equal(await answerTo(accessToken), 'granted')
    }
    t.equal(queries(), expected)
  }
})

t.test('a token that is remembered is refused from its end on', async t => {
  const { core, answerTo, pass, queries } = await setUp(t, { cacheTtl: 7_200, lifetimes: { accessToken: 3_600 } })
  const { accessToken } = await signedIn(core)
  t.equal(await answerTo(accessToken), 'granted')
  pass(3_590_000)
  t.equal(await answerTo(accessToken), 'granted')
  pass(11_000)
  t.equal(await answerTo(accessToken), 'invalid_token/expired')
  t.equal(queries(), 1)
})

t.test('a bad token asks nothing of the database', async t => {
  const { core, answerTo, queries, pass } = await setUp(t)
  const { accessToken } = await signedIn(core)
  for (const bad of ['', 'x', `${accessToken}x`, accessToken.slice(4)]) t.match(await answerTo(bad), 'invalid_token/')
  pass(3_700_000)
  t.equal(await answerTo(accessToken), 'invalid_token/expired')
  t.equal(queries(), 0)
})

type Core = Awaited<ReturnType<typeof buildCore>>['core']
type SignedIn = Awaited<ReturnType<typeof signedIn>>

const ends: Record<string, [fault: string, end: (core: Core, who: SignedIn, sql: postgres.Sql) => Promise<unknown>]> = {
  'sign-out': ['signed_out', (core, who) => core.sessions.signOut.byRefreshToken(who.refreshToken, clientInfo)],
  revocation: ['revoked', (core, who) => core.sessions.end(who.account.id, who.sessionId, 'revoked', clientInfo)],
  'the end of all sessions': ['revoked', (core, who) => core.sessions.endAll(who.account.id, 'revoked', clientInfo)],
  'a password change': ['revoked', (core, who) => core.signIn.changePassword({
    accountId: who.account.id, current: password, replacement: 'another password', minPasswordLength: 8, keep: 'none'
  }, clientInfo)],
  disabling: ['revoked', (core, who) => core.accounts.disable(who.email, clientInfo)],
  deletion: ['unknown', (core, who) => core.accounts.delete(who.email, clientInfo)],
  'its time': ['expired', (_, who, sql) => sql`
    UPDATE sessions SET expires_at = now() - interval '1 ms' WHERE id = ${who.sessionId}`],
  'its row being gone': ['unknown', (_, who, sql) => sql`DELETE FROM sessions WHERE id = ${who.sessionId}`],
  'a newer epoch of its account': ['revoked', (_, who, sql) => sql`
    UPDATE accounts SET epoch = epoch + 1 WHERE id = ${who.account.id}`],
  'a reason nobody knows': ['revoked', (_, who, sql) => sql`
    UPDATE sessions SET ended_at = now(), end_reason = 'unheard of' WHERE id = ${who.sessionId}`]
}

t.test('an ended session is refused with the reason, once the cache is invalidated', async t => {
  const { core, sql, answerTo, revocations } = await setUp(t)
  for (const [name, [fault, end]] of Object.entries(ends)) {
    const [seen, unseen] = [await signedIn(core), await signedIn(core)]
    t.equal(await answerTo(seen.accessToken), 'granted')
    for (const who of [seen, unseen]) await end(core, who, sql)
    t.equal(await answerTo(unseen.accessToken), `invalid_token/${fault}`, name)
    revocations.publish({ accountId: seen.account.id })
    for (let n = 0; n < 3; n += 1) t.equal(await answerTo(seen.accessToken), `invalid_token/${fault}`, name)
  }
})

t.test('what this process ends is refused by it at once', async t => {
  const { core, sql } = await buildCore(t)
  for (const [name, [fault, end]] of Object.entries(ends).slice(0, 6)) {
    const who = await signedIn(core)
    t.equal(await outcomeOf(core.validation.authenticate(who.accessToken)), 'granted')
    await end(core, who, sql)
    t.equal(await outcomeOf(core.validation.authenticate(who.accessToken)), `invalid_token/${fault}`, name)
  }
})

t.test('a change of the account is seen in the next answer', async t => {
  const { core } = await buildCore(t)
  const { accessToken, email } = await signedIn(core)
  t.equal((await core.validation.authenticate(accessToken)).account.subscription, null)
  const subscription = { status: 'active', plan: 'premium', expiresAt: new Date('2030-01-01T00:00:00Z') }
  await setSubscription(core, email, subscription)
  t.same((await core.validation.authenticate(accessToken)).account.subscription, subscription)
})

t.test('requests that miss at the same time share one query', async t => {
  const { core, sql, validation, queries } = await setUp(t)
  const { accessToken } = await signedIn(core)
  const { release, waiting } = await holdSessions(t, sql)
  const answers = Array.from({ length: 200 }, () => validation.authenticate(accessToken))
  await waitUntil(async () => await waiting() === 1)
  await release()
  const sessions = (await Promise.all(answers)).map(principal => principal.sessionId)
  t.equal(new Set(sessions).size, 1)
  t.equal(queries(), 1)
})

t.test('callers that share a query share its failure, and the next one queries again', async t => {
  const { core, sql, validation, queries } = await setUp(t)
  const { accessToken } = await signedIn(core)
  await sql`ALTER TABLE sessions RENAME TO hidden`
  const failures = await Promise.allSettled(Array.from({ length: 20 }, () => validation.authenticate(accessToken)))
  t.ok(failures.every(failure => failure.status === 'rejected'))
  t.equal(queries(), 1)
  await sql`ALTER TABLE hidden RENAME TO sessions`
  t.equal(await outcomeOf(validation.authenticate(accessToken)), 'granted')
})

for (const about of ['session', 'account'] as const) {
  t.test(`a read that was under way when a notice about its ${about} came is not remembered`, async t => {
    const { core, sql, validation, queries, revocations } = await setUp(t)
    const { accessToken, account, sessionId } = await signedIn(core)
    const { release, waiting } = await holdSessions(t, sql)
    const before = validation.authenticate(accessToken)
    await waitUntil(async () => await waiting() === 1)
    revocations.publish(about === 'session' ? { accountId: account.id, sessionId } : { accountId: account.id })
    await release()
    await before
    await validation.authenticate(accessToken)
    t.equal(queries(), 2)
    await validation.authenticate(accessToken)
    t.equal(queries(), 2)
  })
}

t.test('who asks after a notice does not join a read that began before it', async t => {
  const { core, sql, validation, queries, revocations } = await setUp(t)
  const { accessToken, account } = await signedIn(core)
  const { release, waiting } = await holdSessions(t, sql)
  const before = validation.authenticate(accessToken)
  await waitUntil(async () => await waiting() === 1)
  revocations.publish({ accountId: account.id })
  const after = [validation.authenticate(accessToken), validation.authenticate(accessToken)]
  await waitUntil(async () => await waiting() === 2)
  await release()
  await Promise.all([before, ...after])
  t.equal(queries(), 2)
})

t.test('two signed tokens of one session but of two accounts do not share an answer', async t => {
  const { core, sql, key, answerTo } = await setUp(t)
  const [owner, other] = [await signedIn(core), await signedIn(core)]
  const [, payload = ''] = owner.accessToken.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const mixed = signedClaims(key, { ...claims, sub: other.account.id })
  const { release, waiting } = await holdSessions(t, sql)
  const answers = [answerTo(owner.accessToken), answerTo(mixed)]
  await waitUntil(async () => await waiting() >= 1)
  await release()
  t.same(await Promise.all(answers), ['granted', 'invalid_token/unknown'])
})

t.test('a token that came with a refresh confirms it when it is seen, one of a sign-in does not', async t => {
  const { core, answerTo, confirmations } = await setUp(t)
  const first = await signedIn(core)
  await answerTo(first.accessToken)
  t.equal(confirmations.pendingGeneration(first.sessionId), 0)
  const second = await core.refresh.trade(first.refreshToken, clientInfo)
  await answerTo(first.accessToken)
  t.equal(confirmations.pendingGeneration(first.sessionId), 0, 'the token before it says nothing of it')
  await answerTo(second.accessToken)
  t.equal(confirmations.pendingGeneration(first.sessionId), 1)
  await confirmations.flush()
  t.equal(confirmations.pendingGeneration(first.sessionId), 0)
  const third = await core.refresh.trade(second.refreshToken, clientInfo)
  await answerTo(third.accessToken)
  t.equal(confirmations.pendingGeneration(first.sessionId), 2)
})

t.test('what is confirmed already is not confirmed again', async t => {
  const { core, answerTo, confirmations, pass } = await setUp(t)
  const { refreshToken, sessionId } = await signedIn(core)
  const { accessToken } = await core.refresh.trade(refreshToken, clientInfo)
  await answerTo(accessToken)
  await confirmations.flush()
  pass(120_000)
  t.equal(await answerTo(accessToken), 'granted')
  t.equal(confirmations.pendingGeneration(sessionId), 0)
})

t.test('the token of an ended session confirms nothing', async t => {
  const { core, answerTo, confirmations } = await setUp(t)
  const first = await signedIn(core)
  const second = await core.refresh.trade(first.refreshToken, clientInfo)
  await core.sessions.end(first.account.id, first.sessionId, 'revoked', clientInfo)
  await answerTo(second.accessToken)
  t.equal(confirmations.pendingGeneration(first.sessionId), 0)
})

t.test('while the database cannot answer, a token is not called bad', async t => {
  const { core, sql } = await buildCore(t)
  const { accessToken } = await signedIn(core)
  const { release, waiting } = await holdSessions(t, sql)
  const answer = core.validation.authenticate(accessToken).catch((error: unknown) => error)
  await waitUntil(async () => await waiting() === 1)
  await sql`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
    AND datname = current_database()`
  t.match(await answer, { code: 'unavailable' })
  await release()
  t.equal(await outcomeOf(core.validation.authenticate(accessToken)), 'granted')
})
