import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring, type Keys } from '../../../src/core/keys/keyring.js'

const secret = randomBytes(48).toString('base64url')

const hex = ({ tag, ratchet, seal }: Keys) => [tag, ratchet, seal].map(key => key.toString('hex'))

t.test('one secret gives three unlike keys of 256 bits, the same ones every time', async t => {
  const [keys] = createKeyring(secret)
  t.equal(new Set(hex(keys)).size, 3)
  t.ok(hex(keys).every(key => key.length === 64))
  t.same(createKeyring(secret), [keys])
  t.ok(Number.isInteger(keys.id) && keys.id >= 0 && keys.id <= 255)
})

t.test('another secret gives other keys, also one that differs at its end only', async t => {
  const secrets = [
    secret, `${secret}0`, secret.slice(0, -1), secret.toLowerCase(), ` ${secret}`, 'x'.repeat(32), 'x'.repeat(33)
  ]
  const all = secrets.flatMap(secret => hex(createKeyring(secret)[0]))
  t.equal(new Set(all).size, 3 * secrets.length)
})

t.test('the current secret comes first, the previous one is kept beside it', async t => {
  const previous = randomBytes(48).toString('base64url')
  t.same(createKeyring(secret, previous), [...createKeyring(secret), ...createKeyring(previous)])
  t.equal(createKeyring(secret).length, 1)
})

t.test('the keys of a secret are what they have always been', async t => {
  // Another derivation would make every stored key and every refresh token worthless at an update.
  const [keys] = createKeyring('0123456789abcdef0123456789abcdef')
  t.same({ id: keys.id, keys: hex(keys) }, {
    id: 255,
    keys: [
      'ed57eb3dcb86c74e55b91d4ea79eb6cdaf3c6787ad733ce367a68cec3a7811de',
      'b0d5f61e1e4d238ab120a755c7ecc53ddd71239bb47e4cdbba50ffc7131e7015',
      '8b7114f0df0f49565b7a29391addf172d5825821fd8021a509725849d69a6c4f'
    ]
  })
})
