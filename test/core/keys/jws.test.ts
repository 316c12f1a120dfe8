import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import t, { type Test } from 'tap'
import { readJws } from '../../../src/core/keys/compact-jws.js'
import type { JwsKey } from '../../../src/core/keys/jws-engine.js'
import { readSigned, signJws, verifyJws } from '../../../src/core/keys/jws.js'
import { openEngine } from '../../../src/token-engine.js'
import { isSignatureGood } from '../../support/engine-signatures.js'
import { algorithms, encode, newKey, properHeader, signedClaims, withSignature } from '../../support/forging.js'
import { outcomeOf } from '../../support/refusal.js'
import {
  forgedEcdsa, forgedSignatures, misread, misspellings, notUtf8, otherHeaders, otherHeaderTexts, tellingToken,
  type Attacks
} from '../../support/token-attacks.js'

const claims = { sub: 'somebody', iat: 1_000_000_000, exp: 4_000_000_000 }

/** How a token is answered where this is the only key. */
function answerTo (token: string, key: JwsKey): Promise<string> {
  return outcomeOf(readSigned(token, {
    find: async kid => kid === key.kid ? key : null,
    findByHeader: header => Object.values(key.headers).includes(header) ? key : undefined
  }))
}

const malformed = 'invalid_token/malformed'
const badSignature = 'invalid_token/bad_signature'

/** Each class of attack is answered so, by the reading of tokens and by the key itself. */
async function allRefused (t: Test, key: JwsKey, attacks: Attacks, answer: string): Promise<void> {
  for (const [name, tokens] of Object.entries(attacks)) {
    const answers = await Promise.all(tokens.map(token => answerTo(token, key)))
    const taken = tokens.filter((token, n) => answers[n] !== answer || verifyJws(token, key) !== null)
    t.same(taken.map(token => token.slice(0, 300)), [], `${name}: ${tokens.length}`)
  }
}

for (const algorithm of algorithms) {
  const key = await newKey(algorithm)

  t.test(`${algorithm}: what is signed is read again, by its own key only`, async t => {
    const token = signJws(key, claims)
    t.same(readJws(token)?.header, { alg: algorithm, typ: 'JWT', kid: key.kid })
    t.ok(token.startsWith(`${key.headers.JWT}.`))
    t.same(verifyJws(token, key), claims)
    t.equal(verifyJws(token, await newKey(algorithm)), null, 'of another key')
    for (const other of algorithms.filter(other => other !== algorithm)) {
      t.equal(verifyJws(token, await newKey(other, key.kid)), null, `of another algorithm, ${other}`)
    }
  })

  t.test(`${algorithm}: a token has one spelling`, async t => {
    const token = tellingToken(key, claims)
    t.ok(verifyJws(token, key))
    t.ok(token.split('.').every(part => /[-_]/.test(part)), 'in which the two base64 alphabets differ')
    await allRefused(t, key, misspellings(token), malformed)
  })

  t.test(`${algorithm}: what is no token is not read, also when it is signed`, async t => {
    await allRefused(t, key, misread(key, claims), malformed)
    await allRefused(t, key, notUtf8(key, claims), malformed)
  })

  t.test(`${algorithm}: a header that says anything else than the key is refused`, async t => {
    await allRefused(t, key, otherHeaders(key, claims), badSignature)
  })

  t.test(`${algorithm}: a header in other words than Keyturn's is refused`, async t => {
    await allRefused(t, key, otherHeaderTexts(key, claims), badSignature)
  })

  t.test(`${algorithm}: a security event is no access token`, async t => {
    await allRefused(t, key, { event: [signJws(key, claims, 'secevent+jwt')] }, badSignature)
  })

  t.test(`${algorithm}: nothing but the key makes a signature`, async t => {
    await allRefused(t, key, forgedSignatures(key, claims), badSignature)
  })

  t.test(`${algorithm}: no bit of a token can be changed`, async t => {
    const token = Buffer.from(signJws(key, claims))
    const changed = Array.from({ length: token.length * 8 }, (_, bit) => {
      const copy = Buffer.from(token)
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return copy.toString('latin1')
    })
    t.same(changed.filter(token => verifyJws(token, key) !== null), [], `of ${changed.length} bits`)
    const cut = Array.from({ length: token.length }, (_, length) => token.toString().slice(0, length))
    t.same(cut.filter(token => verifyJws(token, key) !== null), [], 'nor the end cut off')
  })
}

t.test('an ECDSA signature has one spelling, and its edge cases are no signatures', async t => {
  const key = await newKey('ES256')
  for (let round = 0; round < 20; round += 1) {
    await allRefused(t, key, forgedEcdsa(key, { ...claims, round }), badSignature)
  }
})

t.test('a token is at most 8,192 characters long', async t => {
  const ofLength = async (length: number) => {
    for (const kid of ['k', 'kk', 'kkk']) {
      const key = await newKey('HS256', kid)
      for (let padding = length * 0.6 | 0; padding < length; padding += 1) {
        const token = signedClaims(key, { ...claims, x: 'x'.repeat(padding) })
        if (token.length === length) return { token, key }
        if (token.length > length) break
      }
    }
    throw new Error(`no token of length ${length}`)
  }
  const longest = await ofLength(8_192)
  t.equal(await answerTo(longest.token, longest.key), 'granted')
  const tooLong = await ofLength(8_193)
  await allRefused(t, tooLong.key, { 'one more': [tooLong.token] }, malformed)
})

t.test('a text of 10 MB is turned away unread', async t => {
  const keys = { find: () => t.fail('asked') as never, findByHeader: () => t.fail('asked') as never }
  const texts = ['A', '.', 'A.', '\u{1f511}'].map(unit => unit.repeat(10_000_000 / unit.length))
  for (let round = 0; round < 1_000; round += 1) {
    for (const text of texts) {
      if (await outcomeOf(readSigned(text, keys)) !== malformed) t.fail('it was read')
    }
  }
})

t.test('a name of Object.prototype in a payload is a name like any other', async t => {
  const key = await newKey('HS256')
  const payload = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'
  const read = verifyJws(signedClaims(key, payload), key)
  t.ok(read)
  t.equal((read as Record<string, unknown>).polluted, undefined)
  t.equal(({} as Record<string, unknown>).polluted, undefined)
})

t.test('a key is asked for by name only where no header is known, and once', async t => {
  const key = await newKey('ES256')
  const asked: string[] = []
  const keys = (known: boolean) => ({
    find: async (kid: string) => {
      asked.push(kid)
      return key
    },
    findByHeader: () => known ? key : undefined
  })
  const token = signJws(key, claims)
  t.same(await readSigned(token, keys(true)), claims)
  t.equal(await outcomeOf(readSigned(`${token.slice(0, -4)}AAAA`, keys(true))), badSignature)
  t.same(asked, [], 'a known key is not read again for a bad signature')
  t.same(await readSigned(token, keys(false)), claims)
  t.same(asked, [key.kid])
})

t.test('RFC 7515 A.1: the HS256 example is read by the engine', async t => {
  const secret = createSecretKey(Buffer.from(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow', 'base64url'))
  const token = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.' +
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
    'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  const engine = await openEngine({ kid: '', algorithm: 'HS256', signingKey: secret, verifyingKey: secret })
  t.same(engine.verify(token), { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true })
  t.equal(engine.verify(`${token.slice(0, -1)}A`), null)
})

t.test('RFC 8037 A.4: the Ed25519 example is verified by the engine', async t => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
  const input = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
  const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
  const good = (key: KeyObject) => isSignatureGood('EdDSA', key, input, signature)
  t.ok(good(createPublicKey({ key: jwk, format: 'jwk' })))
  t.ok(good(createPublicKey(createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }))))
  t.notOk(good((await newKey('EdDSA')).verifyingKey))
})

t.test('Ed25519: a signature whose second half is not reduced is another spelling, and refused', async t => {
  const key = await newKey('EdDSA')
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  for (let n = 0; n < 20; n += 1) {
    const token = signedClaims(key, { ...claims, n })
    const signature = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
    const unreduced = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
    t.equal(verifyJws(withSignature(token, Buffer.concat([signature.subarray(0, 32), unreduced])), key), null)
  }
})

t.test('a small-order Ed25519 point signs nothing', async t => {
  const key = await newKey('EdDSA')
  const zero = Buffer.alloc(32)
  const points = ['01', '00', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f']
    .map(hex => Buffer.from(hex.padEnd(64, '0'), 'hex'))
  const token = `${encode(properHeader(key))}.${encode(claims)}.`
  t.same(points.filter(point => verifyJws(withSignature(token, Buffer.concat([point, zero])), key) !== null), [])
})
