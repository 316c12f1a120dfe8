import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { hasLowS, toLowS } from '../../../src/core/keys/low-s.js'
import { signJws, verifyJws } from '../../../src/core/keys/jws.js'
import { isSignatureGood } from '../../support/engine-signatures.js'
import { newKey } from '../../support/forging.js'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function withS (s: bigint): Buffer {
  return Buffer.from('11'.repeat(32) + s.toString(16).padStart(64, '0'), 'hex')
}

t.test('half of the order is the highest s', async t => {
  t.equal(hasLowS(withS(order / 2n)), true)
  t.equal(hasLowS(withS(order / 2n + 1n)), false)
  t.same(toLowS(withS(order / 2n)), withS(order / 2n))
  t.same(toLowS(withS(order / 2n + 1n)), withS(order - order / 2n - 1n))
  t.same(toLowS(withS(order - 1n)), withS(1n), 'padded')
})

t.test('a signature of another length has none', async t => {
  for (const length of [0, 1, 63, 65, 128]) t.equal(hasLowS(Buffer.alloc(length)), false, `${length} bytes`)
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
  const signature = 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q'
  const respelled = toLowS(Buffer.from(signature, 'base64url'))
  t.not(respelled.toString('base64url'), signature)
  t.equal(isSignatureGood('ES256', key, input, signature), false)
  t.equal(isSignatureGood('ES256', key, input, respelled.toString('base64url')), true)
})

t.test('every ES256 token is signed with the lower s, and accepted', async t => {
  const key = await newKey('ES256')
  const tokens = Array.from({ length: 500 }, (_, n) => signJws(key, { n, iat: 1 }))
  const hasLow = (token: string) => hasLowS(Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url'))
  t.same(tokens.filter(token => !hasLow(token) || verifyJws(token, key) === null), [])
  const unturned = tokens.map((_, n) => key.engine.sign({ n, iat: 1 }, 'JWT'))
  t.ok(unturned.some(token => !hasLow(token)), 'half of them came with the higher one from the engine')
  t.same(unturned.filter(token => !hasLow(token) && verifyJws(token, key) !== null), [], 'which is refused')
})
