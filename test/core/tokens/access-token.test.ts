import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createAccessTokens } from '../../../src/core/tokens/access-token.js'
import { AuthError } from '../../../src/core/errors.js'
import { readJws } from '../../../src/core/keys/jws.js'
import type { SigningKeys } from '../../../src/core/keys/signing-keys.js'
import { signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { newKey } from '../../support/forging.js'
import { outcomeOf } from '../../support/refusal.js'

const key = await newKey('ES256', 'the key')

const keys: Pick<SigningKeys, 'current' | 'find'> = {
  current: () => key,
  find: async kid => kid === key.kid ? key : null
}

const issuer = 'https://auth.example.com'
const audience = 'https://api.example.com'

/** Access tokens by a clock that is set by hand, in milliseconds. */
function setUp (startedAt = 1_700_000_000_000) {
  let milliseconds = startedAt
  const needs = { issuer, audience, now: () => milliseconds }
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
  t.equal((await tokens.read(token)).sid, whose.sid, 'its session can still be ended by it')
})

t.test('issuer and audience are compared as they are', async t => {
  const { tokens, as } = setUp()
  const token = tokens.issue(whose, 60)
  for (const other of [{ issuer: audience }, { audience: issuer }, { issuer: `${issuer}/` }, { audience: '' }]) {
    t.equal(await outcomeOf(as(other).verify(token)), 'invalid_token/wrong_audience')
    t.equal(await outcomeOf(as(other).read(token)), 'invalid_token/wrong_audience')
  }
})

t.test('while the keys are not loaded nothing is signed and no token is called bad', async t => {
  const { tokens, as } = setUp()
  const unavailable = () => { throw new AuthError('unavailable') }
  const waiting = as({ keys: { current: unavailable, find: async () => unavailable() } })
  t.throws(() => waiting.issue(whose, 60), { code: 'unavailable' })
  t.equal(await outcomeOf(waiting.verify(tokens.issue(whose, 60))), 'unavailable')
})

t.test('what a sign-in grants says whose it is, for ACCESS_TOKEN_TTL', async t => {
  const now = 1_900_000_000_500
  const { core, config } = await buildCore(t, { settings: { ACCESS_TOKEN_TTL: 120 }, now: () => now })
  const grant = await signedIn(core)
  const { jti, ...claims } = readJws(grant.accessToken)?.payload ?? {}
  t.same(claims, {
    iss: config.PUBLIC_URL,
    aud: config.PUBLIC_URL,
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
  for (const settings of [{ REFRESH_TOKEN_TTL: 30 }, { SESSION_MAX_AGE: 30 }]) {
    const { core } = await buildCore(t, { settings: { ACCESS_TOKEN_TTL: 120, ...settings } })
    const { expiresIn, accessToken, refreshExpiresIn } = await signedIn(core)
    const { iat, exp } = readJws(accessToken)?.payload ?? {}
    t.same([expiresIn, refreshExpiresIn, Number(exp) - Number(iat)], [30, 30, 30])
  }
})
