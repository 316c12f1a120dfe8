import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import t, { type Test } from 'tap'
import { readJws, signJws, verifyJws, type JwsKey } from '../../../src/core/keys/jws.js'
import { signatureAlgorithms } from '../../../src/core/keys/signature-algorithms.js'
import { algorithms, encode, newKey, properHeader, signed, withSignature } from '../../support/forging.js'
import {
  forgedEcdsa, forgedSignatures, misread, misspellings, notUtf8, otherHeaders, tellingToken, type Attacks
} from '../../support/token-attacks.js'

const claims = { sub: 'somebody', exp: 4_000_000_000 }

/** The claims of a token that is good by form and signature, else `null`. */
function believed (token: string, key: JwsKey): unknown {
  const jws = readJws(token)
  return jws !== null && verifyJws(jws, key) ? jws.payload : null
}

function allRefused (t: Test, attacks: Attacks, refused: (token: string) => boolean): void {
  for (const [name, tokens] of Object.entries(attacks)) {
    const taken = tokens.filter(token => !refused(token)).map(token => token.slice(0, 300))
    t.same(taken, [], `${name}: ${tokens.length}`)
  }
}

for (const algorithm of algorithms) {
  const key = await newKey(algorithm)

  t.test(`${algorithm}: what is signed is read again, by its own key only`, async t => {
    const token = signJws(key, claims)
    t.same(readJws(token)?.header, { alg: algorithm, typ: 'JWT', kid: key.kid })
    t.same(believed(token, key), claims)
    t.equal(believed(token, await newKey(algorithm)), null, 'of another key')
    for (const other of algorithms.filter(other => other !== algorithm)) {
      t.equal(believed(token, await newKey(other, key.kid)), null, `of another algorithm, ${other}`)
    }
  })

  t.test(`${algorithm}: a token has one spelling`, async t => {
    const token = tellingToken(key, claims)
    t.ok(believed(token, key))
    allRefused(t, misspellings(token), token => readJws(token) === null)
  })

  t.test(`${algorithm}: what is no token is not read, also when it is signed`, async t => {
    allRefused(t, misread(key, claims), token => readJws(token) === null)
  })

  t.test(`${algorithm}: a header that says anything else than the key is refused`, async t => {
    allRefused(t, otherHeaders(key, claims), token => believed(token, key) === null)
  })

  t.test(`${algorithm}: nothing but the key makes a signature`, async t => {
    allRefused(t, forgedSignatures(key, claims), token => believed(token, key) === null)
  })

  t.test(`${algorithm}: no bit of a token can be changed`, async t => {
    const token = Buffer.from(signJws(key, claims))
    const changed = Array.from({ length: token.length * 8 }, (_, bit) => {
      const copy = Buffer.from(token)
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return copy.toString('latin1')
    })
    t.same(changed.filter(token => believed(token, key) !== null), [], `of ${changed.length} bits`)
    const cut = Array.from({ length: token.length }, (_, length) => token.toString().slice(0, length))
    t.same(cut.filter(token => believed(token, key) !== null), [], 'nor the end cut off')
  })
}

t.test('what is not UTF-8 is not read, also when it is signed', async t => {
  allRefused(t, notUtf8(await newKey('ES256'), claims), token => readJws(token) === null)
})

t.test('an ECDSA signature has one spelling, and its edge cases are no signatures', async t => {
  const key = await newKey('ES256')
  for (let round = 0; round < 20; round += 1) {
    allRefused(t, forgedEcdsa(key, { ...claims, round }), token => believed(token, key) === null)
  }
})

t.test('every ECDSA signature that is made is one that is accepted', async t => {
  const key = await newKey('ES256')
  const tokens = Array.from({ length: 500 }, (_, n) => signJws(key, { ...claims, n }))
  t.same(tokens.filter(token => believed(token, key) === null), [], 'also the half of them that came with the higher s')
})

t.test('a token is at most 8,192 characters long', async t => {
  const key = await newKey('HS256')
  const ofLength = (length: number) => {
    for (let padding = length * 0.6; padding < length; padding += 1) {
      for (const x of ['', 'x', 'xx']) {
        const token = signed(key, { ...properHeader(key), x }, { ...claims, x: 'x'.repeat(padding) })
        if (token.length === length) return token
      }
    }
    throw new Error(`no token of length ${length}`)
  }
  t.ok(believed(ofLength(8_192), key))
  t.equal(readJws(ofLength(8_193)), null)
})

t.test('a text of 10 MB is turned away unread', async t => {
  const texts = ['A', '.', 'A.', '\u{1f511}'].map(unit => unit.repeat(10_000_000 / unit.length))
  for (let round = 0; round < 1_000; round += 1) {
    if (texts.some(text => readJws(text) !== null)) t.fail('it was read')
  }
})

t.test('a name of Object.prototype in a header or a payload is a name like any other', async t => {
  const key = await newKey('HS256')
  const payload = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'
  const read = readJws(signed(key, properHeader(key), payload))
  t.equal(read?.payload.polluted, undefined)
  t.equal(({} as Record<string, unknown>).polluted, undefined)
})

t.test('RFC 7515 A.1: the HS256 example is read, verified and signed the same', async t => {
  const key = createSecretKey(Buffer.from(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow', 'base64url'))
  const input = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.' +
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const signature = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  t.same(believed(`${input}.${signature}`, { kid: '', algorithm: 'HS256', signingKey: key, verifyingKey: key }),
    { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true })
  t.equal(signatureAlgorithms.HS256.sign(input, key).toString('base64url'), signature)
})

t.test('RFC 7515 A.3: the ES256 example has the higher s, and is good in the other spelling only', async t => {
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'
    }
  })
  const input = 'eyJhbGciOiJFUzI1NiJ9.' +
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const signature = Buffer.from(
    'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q', 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const lowerS = (order - BigInt(`0x${signature.toString('hex', 32)}`)).toString(16).padStart(64, '0')
  const respelled = Buffer.concat([signature.subarray(0, 32), Buffer.from(lowerS, 'hex')])
  t.notOk(signatureAlgorithms.ES256.verify(input, key, signature))
  t.ok(signatureAlgorithms.ES256.verify(input, key, respelled))
})

t.test('RFC 8037 A.4: the Ed25519 example is verified and signed the same', async t => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
  const input = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
  const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
  const { sign, verify } = signatureAlgorithms.EdDSA
  t.ok(verify(input, createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url')))
  t.equal(sign(input, createPrivateKey({ key: { ...jwk, d }, format: 'jwk' })).toString('base64url'), signature)
})

t.test('Ed25519: a signature whose second half is not reduced is another spelling, and refused', async t => {
  const key = await newKey('EdDSA')
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  for (let n = 0; n < 20; n += 1) {
    const token = signed(key, properHeader(key), { ...claims, n })
    const signature = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
    const unreduced = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
    t.equal(believed(withSignature(token, Buffer.concat([signature.subarray(0, 32), unreduced])), key), null)
  }
})

t.test('a small-order Ed25519 point signs nothing', async t => {
  const key = await newKey('EdDSA')
  const zero = Buffer.alloc(32)
  const points = ['01', '00', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f']
    .map(hex => Buffer.from(hex.padEnd(64, '0'), 'hex'))
  const token = `${encode(properHeader(key))}.${encode(claims)}.`
  t.same(points.filter(point => believed(withSignature(token, Buffer.concat([point, zero])), key) !== null), [])
})
