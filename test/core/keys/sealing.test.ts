import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { seal, unseal } from '../../../src/core/keys/sealing.js'

const secret = randomBytes(48).toString('base64url')
const keyring = createKeyring(secret)
const plaintext = randomBytes(138)

t.test('what is sealed is unsealed in the same context only', async t => {
  const sealed = seal(keyring, plaintext, 'this')
  t.ok(unseal(keyring, sealed, 'this')?.equals(plaintext))
  for (const context of ['that', 'This', 'this ', 'thi', '']) t.equal(unseal(keyring, sealed, context), null)
})

t.test('nothing of the plaintext shows, and nothing is sealed the same way twice', async t => {
  const zeros = Buffer.alloc(64)
  const all = Array.from({ length: 1_000 }, () => seal(keyring, zeros, 'this'))
  t.notOk(all.some(sealed => sealed.includes(zeros.subarray(0, 8))))
  t.equal(new Set(all.map(sealed => sealed.toString('hex', 0, 12))).size, all.length, 'no nonce is used twice')
  t.equal(new Set(all.map(sealed => sealed.toString('hex', 28))).size, all.length)
})

t.test('another secret opens nothing, the previous one opens what it sealed', async t => {
  const newer = randomBytes(48).toString('base64url')
  const sealed = seal(keyring, plaintext, 'this')
  t.equal(unseal(createKeyring(newer), sealed, 'this'), null)
  t.equal(unseal(createKeyring(newer, `${secret} `), sealed, 'this'), null)
  t.ok(unseal(createKeyring(newer, secret), sealed, 'this')?.equals(plaintext))
  t.ok(unseal(createKeyring(newer), seal(createKeyring(newer, secret), plaintext, 'this'), 'this'), 'new seals are new')
})

t.test('no bit of a seal can be changed', async t => {
  const sealed = seal(keyring, plaintext, 'this')
  const opened = Array.from({ length: sealed.length * 8 }, (_, bit) => {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    return unseal(keyring, changed, 'this')
  })
  t.same(opened.filter(plain => plain !== null), [])
})

t.test('a seal cut short is not opened, however short', async t => {
  const sealed = seal(keyring, plaintext, 'this')
  const answers = Array.from({ length: sealed.length }, (_, length) => {
    try {
      return unseal(keyring, sealed.subarray(0, length), 'this') === null ? 'null' : 'opened'
    } catch (error) {
      return String(error)
    }
  })
  t.same([...new Set(answers)], ['null'])
})
