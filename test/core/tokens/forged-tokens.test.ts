import { randomBytes, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { JwsKey } from '../../../src/core/keys/jws-engine.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { newKey, ofAlgorithm, properHeader, signed, signedClaims, signingKeyOf } from '../../support/forging.js'
import { outcomeOf } from '../../support/refusal.js'
import {
  forgedEcdsa, forgedSignatures, misread, misspellings, otherHeaders, otherHeaderTexts, tellingToken, type Attacks
} from '../../support/token-attacks.js'
import type { Overrides } from '../../support/settings.js'

/* What a key refuses by itself, and what only the whole of a core can: key names, claims, other services. */

const settingsOf: Record<string, Overrides> = {
  ES256: {},
  EdDSA: ofAlgorithm('EdDSA'),
  RS256: ofAlgorithm('RS256'),
  HS256: { keys: { sharedSecret: randomBytes(32).toString('hex') } }
}

async function setUp (t: Test, overrides: Overrides = {}) {
  const built = await buildCore(t, { ownDatabase: true, settings: overrides })
  const { settings, db } = built
  const grant = await signedIn(built.core)
  const [, payload = ''] = grant.accessToken.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const key = await signingKeyOf(db, settings)
  return {
    ...built,
    grant,
    claims,
    key,
    answerTo: (token: string) => outcomeOf(built.core.validation.authenticate(token))
  }
}

type SetUp = Awaited<ReturnType<typeof setUp>>

async function allAnswered (t: Test, { answerTo }: SetUp, attacks: Attacks, answer: string): Promise<void> {
  for (const [name, tokens] of Object.entries(attacks)) {
    const answers = await Promise.all(tokens.map(answerTo))
    t.same([...new Set(answers)], tokens.length === 0 ? [] : [answer], `${name}: ${tokens.length}`)
  }
}

for (const [algorithm, settings] of Object.entries(settingsOf)) {
  t.test(`${algorithm}: a core takes no token that its key did not sign as it stands`, async t => {
    const core = await setUp(t, settings)
    const { key, claims } = core
    const good = tellingToken(key, claims)
    t.equal(key.algorithm, algorithm)
    t.equal(await core.answerTo(good), 'granted')
    await allAnswered(t, core, misspellings(good), 'invalid_token/malformed')
    await allAnswered(t, core, misread(key, claims), 'invalid_token/malformed')
    await allAnswered(t, core, otherHeaders(key, claims), 'invalid_token/bad_signature')
    await allAnswered(t, core, otherHeaderTexts(key, claims), 'invalid_token/bad_signature')
    await allAnswered(t, core, forgedSignatures(key, claims), 'invalid_token/bad_signature')
    if (algorithm === 'ES256') await allAnswered(t, core, forgedEcdsa(key, claims), 'invalid_token/bad_signature')
    t.equal(await core.answerTo(good), 'granted', 'the good one still is')
  })
}

t.test('a key is found by its own name and by nothing else', async t => {
  const core = await setUp(t)
  const { key, claims } = core
  const names: unknown[] = [
    '', ' ', '\0', `${key.kid} `, ` ${key.kid}`, `${key.kid}\0`, key.kid.toLowerCase(), key.kid.toUpperCase(),
    key.kid.slice(1), '../../dev/null', '/proc/sys/kernel/randomize_va_space', "' OR '1'='1", '%', '_', '*',
    "'; DROP TABLE signing_keys; --", 'hs256', 'none', '__proto__', 'constructor', 'prototype', 'toString', 'size',
    'k'.repeat(3_000), '\ud800', '🔑', undefined, null, 0, 1, true, [], [key.kid], [[key.kid]], {}, { toString: key.kid }
  ]
  const stranger = await newKey('ES256', key.kid)
  for (const signer of [key, stranger]) {
    const tokens = names.map(kid => signed(signer, { ...properHeader(signer), kid }, claims))
    await allAnswered(t, core, { 'odd names': tokens }, 'invalid_token/bad_signature')
  }
  const twoNames = [[key.kid, 'x'], ['x', key.kid]].map(([first, second]) =>
    signed(stranger, `{"alg":"ES256","typ":"JWT","kid":"${first}","kid":"${second}"}`, claims))
  await allAnswered(t, core, { 'two names': twoNames }, 'invalid_token/bad_signature')
})

t.test('without JWT_SECRET there is no HMAC key, whatever it is called', async t => {
  const core = await setUp(t)
  const secrets = await Promise.all(['hs256', 'HS256', core.key.kid].map(kid => newKey('HS256', kid)))
  const tokens = secrets.map(secret => signedClaims(secret, core.claims))
  await allAnswered(t, core, { HMAC: tokens }, 'invalid_token/bad_signature')
})

const wrongTypes: Record<string, unknown[]> = {
  string: [undefined, null, 0, 1, true, [], {}],
  number: [undefined, null, '1', '4000000000', true, [], [4_000_000_000], {}]
}

t.test('a signed token without a claim but the email, or with one of another type, is malformed', async t => {
  const core = await setUp(t)
  const { key, claims } = core
  t.equal(Object.keys(claims).length, 10)
  t.equal(await core.answerTo(signedClaims(key, { ...claims, email: undefined })), 'granted')
  const attacks = Object.entries(claims).map(([name, right]) => [name, [
    ...(wrongTypes[typeof right] ?? []).filter(wrong => name !== 'email' || wrong !== undefined),
    ...typeof right === 'string' ? [[right], [right, right], { [right]: right }] : []
  ].map(wrong => signedClaims(key, { ...claims, [name]: wrong }))] as const)
  await allAnswered(t, core, Object.fromEntries(attacks), 'invalid_token/malformed')
  await allAnswered(t, core, { 'nothing at all': [signedClaims(key, {})] }, 'invalid_token/malformed')
  await allAnswered(t, core, {
    'claims of a prototype': [signedClaims(key, `{"__proto__":${JSON.stringify(claims)}}`)]
  }, 'invalid_token/malformed')
})

t.test('a signed token of another issuer or audience is for the wrong audience', async t => {
  const core = await setUp(t)
  const { key, claims, settings } = core
  const own = settings.issuer
  const others = [
    '', ' ', own.slice(0, -1), `${own}/`, `${own}.`, ` ${own}`, `${own} `, `${own}\0`, own.toUpperCase(),
    own.replace('http:', 'https:'), own.replace('localhost', '127.0.0.1'), `${own}@evil.example`,
    `https://evil.example/?${own}`
  ]
  const tokens = others.flatMap(other => [{ iss: other }, { aud: other }, { iss: other, aud: other }])
    .map(wrong => signedClaims(key, { ...claims, ...wrong }))
  await allAnswered(t, core, { 'issuer or audience': tokens }, 'invalid_token/wrong_audience')
  const twice = ['iss', 'aud'].map(name =>
    signedClaims(key, `${JSON.stringify(claims).slice(0, -1)},"${name}":"x"}`))
  await allAnswered(t, core, { 'named twice, the last one wrong': twice }, 'invalid_token/wrong_audience')
})

t.test('a signed token past its end, also by far, is expired', async t => {
  const core = await setUp(t)
  const ends = [-Number.MAX_SAFE_INTEGER, -1, -0, 0, 1, Math.floor(Date.now() / 1000)]
  const tokens = ends.map(exp => signedClaims(core.key, { ...core.claims, exp }))
  await allAnswered(t, core, { ends: tokens }, 'invalid_token/expired')
})

/** The token with a number written as it is, since JSON.stringify writes no infinity. */
function withNumber (key: JwsKey, claims: Record<string, unknown>, name: string, number: string): string {
  return signedClaims(key, JSON.stringify({ ...claims, [name]: '?' }).replace('"?"', number))
}

t.test('a signed token with a time or a generation that is no whole number in range is malformed', async t => {
  const core = await setUp(t)
  const { key, claims } = core
  const tokensOf = (name: string, numbers: string[]) => numbers.map(number => withNumber(key, claims, name, number))
  await allAnswered(t, core, {
    exp: tokensOf('exp', ['1e400', '1e308', '4000000000.5', '9007199254740993']),
    iat: tokensOf('iat', ['1e400', '-1e400', '1.5']),
    gen: tokensOf('gen', ['1e400', '-1', '0.5', '2147483648', '1e10'])
  }, 'invalid_token/malformed')
})

t.test('a signed token about an account or a session that is no UUID is refused like any other', async t => {
  const core = await setUp(t)
  const { key, claims } = core
  const odd = ['', ' ', 'x', '\0', '0', `${claims.sid}x`, "'", '{}']
  const answers = await Promise.all(odd.flatMap(id => [{ sub: id }, { sid: id }])
    .map(wrong => core.answerTo(signedClaims(key, { ...claims, ...wrong }))))
  t.same(answers.filter(answer => !answer.startsWith('invalid_token/')), [])
})

t.test('a signed token about a session that is not the account\'s is unknown', async t => {
  const core = await setUp(t)
  const other = await signedIn(core.core)
  await allAnswered(t, core, {
    'nobody, another account, another session': [
      { sub: randomUUID() }, { sid: randomUUID() }, { sub: other.account.id }, { sid: other.sessionId },
      { sub: core.claims.sid, sid: core.claims.sub }
    ].map(wrong => signedClaims(core.key, { ...core.claims, ...wrong }))
  }, 'invalid_token/unknown')
})

t.test('a deeply nested claim that is signed does no harm', async t => {
  const core = await setUp(t)
  for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
    const nested = `${open.repeat(600)}1${close.repeat(600)}`
    t.equal(await core.answerTo(withNumber(core.key, core.claims, 'x', nested)), 'granted')
  }
})

t.test('tokens of one kind, service or installation are worth nothing elsewhere', async t => {
  const here = await setUp(t)
  const elsewhere = await setUp(t, { secrets: { current: here.settings.secrets.current ?? '' } })
  t.equal(await here.answerTo(elsewhere.grant.accessToken), 'invalid_token/bad_signature')
  t.equal(await here.answerTo(here.grant.refreshToken), 'invalid_token/malformed')
  const refresh = (token: string) => outcomeOf(here.core.refresh.trade(token, clientInfo))
  t.equal(await refresh(here.grant.accessToken), 'invalid_refresh_token/malformed')
  t.equal(await refresh(elsewhere.grant.refreshToken), 'invalid_refresh_token/unknown')
  await here.core.sessions.signOut.byAccessToken(elsewhere.grant.accessToken, clientInfo)
  await here.core.sessions.signOut.byRefreshToken(elsewhere.grant.refreshToken, clientInfo)
  for (const { answerTo, grant } of [here, elsewhere]) t.equal(await answerTo(grant.accessToken), 'granted')
})
