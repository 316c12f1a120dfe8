import fastifyJwt from '@fastify/jwt'
import Fastify from 'fastify'
import t from 'tap'
import { openEngine } from '../src/token-engine.js'
import { algorithms, encode, newKeyMaterial, properHeader, signed, signedClaims } from './support/forging.js'

const claims = {
  iss: 'https://auth.example.com', sub: 'somebody', email: 'ünï@example.com', gen: 0, act: { sub: 'x' }, iat: 1_000, exp: 2_000
}
const event = { iss: 'https://auth.example.com', iat: 1_000, jti: 'x', events: { 'https://example.com/e': { at: 1 } } }

const withoutSignature = (token: string) => token.slice(0, token.lastIndexOf('.'))

for (const algorithm of algorithms) {
  t.test(`${algorithm}: a token's header and payload are the bytes that version 0.1 wrote`, async t => {
    const key = await newKeyMaterial(algorithm, 'the key')
    const engine = await openEngine(key)
    const types = { JWT: claims, 'secevent+jwt': event } as const
    for (const typ of ['JWT', 'secevent+jwt'] as const) {
      const token = engine.sign(types[typ], typ)
      const raw = signed(key, `{"alg":"${algorithm}","typ":"${typ}","kid":"the key"}`, JSON.stringify(types[typ]))
      t.equal(withoutSignature(token), withoutSignature(raw), typ)
      if (algorithm !== 'ES256') t.equal(token, raw, `${typ}: so is the signature, which has nothing random in it`)
    }
    t.same(engine.verify(signedClaims(key, claims)), claims, 'and is read')
  })

  t.test(`${algorithm}: a key for another algorithm opens no engine`, async t => {
    for (const other of algorithms.filter(other => other !== algorithm && other !== 'HS256' && algorithm !== 'HS256')) {
      await t.rejects(openEngine({ ...await newKeyMaterial(algorithm, ''), algorithm: other }), other)
    }
  })
}

t.test('the engine does not check times', async t => {
  const key = await newKeyMaterial('HS256', 'the key')
  const engine = await openEngine(key)
  for (const times of [{ exp: 0 }, { exp: 1 }, { exp: -1 }, { nbf: 9e9 }, { exp: 'soon', nbf: [], iat: {} }]) {
    t.same(engine.verify(signedClaims(key, times)), times)
  }
})

t.test('a security event is no access token', async t => {
  const engine = await openEngine(await newKeyMaterial('ES256', 'the key'))
  t.equal(engine.verify(engine.sign(event, 'secevent+jwt')), null)
})

t.test('each reason of the plugin to refuse a token is a refusal', async t => {
  const key = await newKeyMaterial('ES256', 'the key')
  const engine = await openEngine(key)
  const plugin = Fastify()
  await plugin.register(fastifyJwt, {
    namespace: 'JWT',
    secret: { public: key.verifyingKey.export({ format: 'pem', type: 'spki' }) },
    verify: { algorithms: ['ES256'], checkTyp: 'JWT', ignoreExpiration: true, ignoreNotBefore: true }
  })
  const codeOf = (token: string) => {
    try {
      return String(plugin.jwt.JWT.verify(token))
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const header = properHeader(key)
  const good = signedClaims(key, claims)
  const refused = {
    FAST_JWT_MALFORMED: 'x',
    FAST_JWT_INVALID_PAYLOAD: signedClaims(key, '[]'),
    FAST_JWT_INVALID_TYPE: signed(key, { ...header, typ: 'JWE' }, claims),
    FAST_JWT_INVALID_ALGORITHM: signed(key, { ...header, alg: 'HS256' }, claims),
    FAST_JWT_INVALID_CRIT_HEADER: signed(key, { ...header, crit: ['exp'] }, claims),
    FAST_JWT_MISSING_SIGNATURE: `${withoutSignature(good)}.`,
    FAST_JWT_INVALID_SIGNATURE: signedClaims(await newKeyMaterial('ES256', 'the key'), claims),
    FAST_JWT_VERIFY_ERROR: `${withoutSignature(good)}.${encode('x')}`
  }
  for (const [code, token] of Object.entries(refused)) {
    t.equal(codeOf(token), code)
    t.equal(engine.verify(token), null, code)
  }
  t.same(engine.verify(good), claims)
})

t.test('an error that is no refusal is not taken for one', async t => {
  const engine = await openEngine(await newKeyMaterial('ES256', 'the key'))
  t.throws(() => engine.verify(''), { code: 'ERR_ASSERTION' })
  t.throws(() => engine.sign(null as never, 'JWT'), { code: 'ERR_ASSERTION' })
})
