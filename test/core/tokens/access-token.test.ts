import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createAccessTokens } from '../../../src/core/tokens/access-token.js'
import { AuthError } from '../../../src/core/errors.js'
import { readJws } from '../../../src/core/keys/compact-jws.js'
import type { AccessTokenType } from '../../../src/core/keys/jws-engine.js'
import type { SigningKeys } from '../../../src/core/keys/signing-keys.js'
import { signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { newKey, signedClaims } from '../../support/forging.js'
import { outcomeOf } from '../../support/refusal.js'

const key = await newKey('ES256', 'the key')

const keys: Pick<SigningKeys, 'current' | 'find' | 'findByHeader'> = {
  current: () => key,
  find: async kid => kid === key.kid ? key : null,
  findByHeader: header => Object.values(key.headers).includes(header) ? key : undefined
}

const issuer = 'https://auth.example.com'
const audience = 'https://api.example.com'

/** Access tokens by a clock that is set by hand, in milliseconds. */
function setUp (startedAt = 1_700_000_000_000) {
  let milliseconds = startedAt
  const needs = { issuer, audience, type: 'JWT' as AccessTokenType, hasEmail: true, now: () => milliseconds }
  return {
    tokens: createAccessTokens({ keys, ...needs }),
    as: (other: Partial<typeof needs & { keys: typeof keys }>) => createAccessTokens({ keys, ...needs, ...other }),
    setClock: (to: number) => { milliseconds = to }
  }
}

const whose = { sub: randomUUID(), sid: randomUUID(), gen: 3, contract: 'partner', email: 'somebody@example.com' }

t.test('a token says what is documented, and nothing else', async t => {
  const { tokens } = setUp(1_700_000_000_999)
  const jws = readJws(tokens.issue(whose, 3600))
  t.same(jws?.header, { alg: 'ES256', typ: 'JWT', kid: 'the key' })
  t.same(Object.keys(jws?.payload ?? {}),
    ['iss', 'aud', 'sub', 'sid', 'gen', 'contract', 'email', 'jti', 'iat', 'exp'])
  const { jti, ...claims } = jws?.payload ?? {}
  t.same(claims, { iss: issuer, aud: audience, ...whose, iat: 1_700_000_000, exp: 1_700_003_600 }, 'in whole seconds')
  t.match(jti, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/, '122 random bits')
})

t.test('no two tokens have one name, also in one millisecond', async t => {
  const { tokens } = setUp()
  const names = Array.from({ length: 2_000 }, () => readJws(tokens.issue(whose, 60))?.payload.jti)
  t.equal(new Set(names).size, names.length)
})

t.test('a token is good until the last millisecond before its end, and not from then on', async t => {
  const { tokens, setClock } = setUp(1_700_000_000_999)
  const token = tokens.issue(whose, 60)
  const times: Array<[number, string]> = [
    [1_700_000_000_999, 'granted'],
    [1_700_000_059_000, 'granted'],
    [1_700_000_059_999, 'granted'],
    [1_700_000_060_000, 'invalid_token/expired'],
    [1_700_000_060_001, 'invalid_token/expired'],
    [9_000_000_000_000, 'invalid_token/expired']
  ]
  for (const [at, answer] of times) {
    setClock(at)
    t.equal(await outcomeOf(tokens.verify(token)), answer, `at ${at}`)
  }
  t.match(await tokens.read(token), { kind: 'user', claims: whose, isExpired: true }, 'it can still be read')
})

t.test('a token that begins in the future is refused', async t => {
  const { tokens } = setUp(1_700_000_000_000)
  const claims = { iss: issuer, aud: audience, ...whose, jti: randomUUID(), iat: 1_700_000_000, exp: 1_700_000_060 }
  for (const [nbf, answer] of [
    [1_700_000_000, 'granted'], [1_700_000_001, 'invalid_token/malformed'], ['soon', 'invalid_token/malformed'],
    [null, 'invalid_token/malformed']
  ] as const) t.equal(await outcomeOf(tokens.verify(signedClaims(key, { ...claims, nbf }))), answer, String(nbf))
})

t.test('issuer and audience are compared as they are', async t => {
  const { tokens, as } = setUp()
  const token = tokens.issue(whose, 60)
  for (const other of [{ issuer: audience }, { audience: issuer }, { issuer: `${issuer}/` }, { audience: '' }]) {
    t.equal(await outcomeOf(as(other).verify(token)), 'invalid_token/wrong_audience')
  }
})

t.test('a token is read for what it is: a user\'s, one for a partner, or a client\'s own', async t => {
  const { tokens, as, setClock } = setUp()
  const partner = 'https://partner.example'
  const restriction = {
    aud: partner, scope: 'read', client_id: 'a client', auth_time: 1, act: { sub: 'a client' }
  }
  const client = { aud: partner, sub: 'a client', client_id: 'a client', scope: 'read' }
  const made: Array<[string, object, string, string]> = [
    [tokens.issue(whose, 60), { kind: 'user', claims: { ...whose, aud: audience } },
      'granted', 'invalid_token/expired'],
    [tokens.issue(whose, 60, restriction), { kind: 'partner', claims: { ...whose, ...restriction } },
      'invalid_token/wrong_audience', 'invalid_token/wrong_audience'],
    [tokens.issueToClient(client, 60), { kind: 'client', claims: client },
      'invalid_token/malformed', 'invalid_token/malformed']
  ]
  for (const [token, expected] of made) t.match(await tokens.read(token), { ...expected, isExpired: false })
  for (const [token,, answer] of made) t.equal(await outcomeOf(tokens.verify(token)), answer)
  for (const [token] of made) {
    t.equal(await outcomeOf(as({ issuer: audience }).read(token)), 'invalid_token/wrong_audience', 'of another issuer')
  }
  setClock(1_700_000_060_000)
  for (const [token, expected] of made) t.match(await tokens.read(token), { ...expected, isExpired: true })
  for (const [token,,, answer] of made) t.equal(await outcomeOf(tokens.verify(token)), answer)
})

t.test('what has neither the claims of a user\'s token nor of a client\'s is malformed', async t => {
  const { tokens } = setUp()
  const client = { iss: issuer, aud: audience, sub: 'a', client_id: 'a', scope: '', jti: 'x', iat: 1, exp: 2 }
  t.equal(await outcomeOf(tokens.read(signedClaims(key, client))), 'granted')
  for (const wrong of [{ sid: whose.sid }, { sub: 'b' }, { client_id: undefined }, { exp: '1' }, { scope: 1 }]) {
    t.equal(await outcomeOf(tokens.read(signedClaims(key, { ...client, ...wrong }))), 'invalid_token/malformed')
  }
})

t.test('a token is verified once', async t => {
  let verified = 0
  const engine = {
    ...key.engine,
    verify (token: string, typ?: AccessTokenType) {
      verified += 1
      return key.engine.verify(token, typ)
    }
  }
  const counted = { ...key, engine }
  const tokens = setUp().as({ keys: { ...keys, findByHeader: () => counted } })
  await tokens.verify(tokens.issue(whose, 60))
  t.equal(verified, 1)
})

t.test('while the keys are not loaded nothing is signed and no token is called bad', async t => {
  const { tokens, as } = setUp()
  const unavailable = () => { throw new AuthError('unavailable') }
  const waiting = as({ keys: { current: unavailable, find: async () => unavailable(), findByHeader: () => undefined } })
  t.throws(() => waiting.issue(whose, 60), { code: 'unavailable' })
  t.equal(await outcomeOf(waiting.verify(tokens.issue(whose, 60))), 'unavailable')
})

t.test('what a sign-in grants says whose it is, for ACCESS_TOKEN_TTL', async t => {
  const now = 1_900_000_000_500
  const { core, settings } = await buildCore(t, { settings: { lifetimes: { accessToken: 120 } }, now: () => now })
  const grant = await signedIn(core)
  const { jti, ...claims } = readJws(grant.accessToken)?.payload ?? {}
  t.same(claims, {
    iss: settings.issuer,
    aud: settings.issuer,
    sub: grant.account.id,
    sid: grant.sessionId,
    gen: 0,
    contract: 'partner',
    email: grant.email,
    iat: 1_900_000_000,
    exp: 1_900_000_120
  })
  t.equal(grant.expiresIn, 120)
})

t.test('no access token outlives its session', async t => {
  for (const short of [{ refreshToken: 30 }, { session: 30 }]) {
    const { core } = await buildCore(t, { settings: { lifetimes: { accessToken: 120, ...short } } })
    const { expiresIn, accessToken, refreshExpiresIn } = await signedIn(core)
    const { iat, exp } = readJws(accessToken)?.payload ?? {}
    t.same([expiresIn, refreshExpiresIn, Number(exp) - Number(iat)], [30, 30, 30])
  }
})
