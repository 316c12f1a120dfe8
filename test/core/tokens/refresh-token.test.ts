import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { createKeyring, type Keyring } from '../../../src/core/keys/keyring.js'
import { sha256 } from '../../../src/core/lib/secrets.js'
import {
  nextSecret, readRefreshToken, writeRefreshToken, type RefreshToken
} from '../../../src/core/tokens/refresh-token.js'

const newSecret = () => randomBytes(48).toString('base64url')

const keyring = createKeyring(newSecret())

const newToken = (generation = 7): RefreshToken =>
  ({ accountId: randomUUID(), sessionId: randomUUID(), generation, secret: randomBytes(32) })

const bytesOf = (text: string) => Buffer.from(text.slice(3), 'base64url')

const textOf = (bytes: Buffer) => `rt_${bytes.toString('base64url')}`

/** What of some texts is taken for a token. */
const taken = (texts: string[], keys: Keyring = keyring) => texts.filter(text => readRefreshToken(keys, text) !== null)

t.test('a token is written and read again', async t => {
  for (const generation of [0, 1, 7, 65_536, 2 ** 31 - 1, 2 ** 32 - 1]) {
    const token = newToken(generation)
    t.same(readRefreshToken(keyring, writeRefreshToken(keyring, token)), token)
  }
})

t.test('a token is rt_ and 114 characters, its parts where they are documented', async t => {
  const token = newToken(0x01020304)
  const text = writeRefreshToken(keyring, token)
  t.match(text, /^rt_[\w-]{114}$/)
  const bytes = bytesOf(text)
  t.equal(bytes.length, 85)
  t.equal(bytes[0], keyring[0].id)
  t.equal(bytes.toString('hex', 1, 17), token.accountId.replaceAll('-', ''))
  t.equal(bytes.toString('hex', 17, 33), token.sessionId.replaceAll('-', ''))
  t.equal(bytes.toString('hex', 33, 37), '01020304')
  t.ok(bytes.subarray(37, 69).equals(token.secret))
  const tag = createHmac('sha256', keyring[0].tag).update(bytes.subarray(0, 69)).digest().subarray(0, 16)
  t.ok(bytes.subarray(69).equals(tag))
})

t.test('no bit of a token can be changed', async t => {
  const bytes = bytesOf(writeRefreshToken(keyring, newToken()))
  const changed = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    return textOf(copy)
  })
  t.equal(changed.length, 680)
  t.same(taken(changed), [])
})

t.test('no part of one token fits another', async t => {
  const [one, two] = [0, 1].map(() => bytesOf(writeRefreshToken(keyring, newToken()))) as [Buffer, Buffer]
  const cuts = [1, 17, 33, 37, 69]
  const mixed = cuts.map(cut => textOf(Buffer.concat([one.subarray(0, cut), two.subarray(cut)])))
  t.same(taken(mixed.slice(1)), [])
  t.equal(taken(mixed.slice(0, 1)).length, 1, 'but for the key id, which is the same')
})

t.test('a token has one spelling', async t => {
  const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
  // One byte more than a multiple of three: four bits of the last character mean nothing.
  const tokens = Array.from({ length: 50 }, () => writeRefreshToken(keyring, newToken()))
  const text = tokens.find(token => /-/.test(token) && /[^t]_/.test(token)) ?? ''
  t.equal(taken([text]).length, 1)
  const sameBytes = alphabet.map(last => text.slice(0, -1) + last).filter(other => bytesOf(other).equals(bytesOf(text)))
  t.equal(sameBytes.length, 16)
  t.same(taken(sameBytes), [text])

  const body = text.slice(3)
  t.same(taken([
    `${text}=`, `${text}==`, `${text}A`, text.slice(0, -1), `${text}.`, `${text}\0`, `${text}${text}`,
    ...[' ', '\n', '\r\n', '\t', '\u00a0', '\ufeff', '\u200b'].flatMap(space =>
      [space + text, text + space, `rt_${space}${body}`, `${text.slice(0, 50)}${space}${text.slice(50)}`]),
    text.replaceAll('-', '+'), `rt_${body.replaceAll('_', '/')}`, `rt_${bytesOf(text).toString('base64')}`,
    `rt_${bytesOf(text).toString('hex')}`, text.toLowerCase(), text.toUpperCase(), `RT_${body}`, `Rt_${body}`,
    `rt-${body}`, `rt${body}`, `_${body}`, body, `rt_rt_${body}`, encodeURIComponent(`${text} `), `"${text}"`,
    `Bearer ${text}`
  ]), [])
})

t.test('what is too short or too long is no token', async t => {
  const texts = [0, 1, 16, 69, 84, 86, 88, 170, 100_000].map(length => textOf(randomBytes(length)))
  t.same(taken([...texts, '', 'rt_', 'rt', 'null', 'undefined', 'rt_'.repeat(1_000)]), [])
  const text = writeRefreshToken(keyring, newToken())
  t.same(taken(Array.from({ length: text.length }, (_, length) => text.slice(0, length))), [])
})

t.test('10,000 guesses of the right shape, with the right key id, are refused', async t => {
  const guesses = Array.from({ length: 10_000 }, () => {
    const bytes = randomBytes(85)
    bytes.writeUInt8(keyring[0].id, 0)
    return textOf(bytes)
  })
  t.same(taken(guesses), [])
})

t.test('while the secret is changed, the previous one is still accepted, and written no more', async t => {
  const [older, newer] = [newSecret(), newSecret()]
  const token = newToken()
  const old = writeRefreshToken(createKeyring(older), token)
  t.same(readRefreshToken(createKeyring(newer, older), old), token)
  t.equal(readRefreshToken(createKeyring(newer), old), null, 'until it is forgotten')
  const renewed = writeRefreshToken(createKeyring(newer, older), token)
  t.same(readRefreshToken(createKeyring(newer), renewed), token)
  t.equal(readRefreshToken(createKeyring(older), renewed), null)
})

t.test('a key id of no secret is refused, also over a good tag', async t => {
  const [keys] = keyring
  for (let id = 0; id < 256; id += 1) {
    const text = writeRefreshToken([{ ...keys, id }], newToken())
    t.equal(taken([text]).length, id === keys.id ? 1 : 0)
  }
})

t.test('two secrets with one key id are distinguished by their tags', async t => {
  const current = createKeyring(newSecret())[0]
  const previous = { ...createKeyring(newSecret())[0], id: current.id }
  const both: Keyring = [current, previous]
  for (const keys of both) t.equal(taken([writeRefreshToken([keys], newToken())], both).length, 1)
  const stranger = { ...createKeyring(newSecret())[0], id: current.id }
  t.same(taken([writeRefreshToken([stranger], newToken())], both), [])
})

t.test('a step follows from secret, nonce and key, and from nothing less', async t => {
  const [keys] = keyring
  const [secret, nonce] = [randomBytes(32), randomBytes(32)]
  const next = nextSecret(keys, secret, nonce)
  t.ok(next.equals(createHmac('sha256', keys.ratchet).update(Buffer.concat([secret, nonce])).digest()))
  t.ok(next.equals(nextSecret(keys, secret, nonce)))
  const others = [
    nextSecret(keys, secret, randomBytes(32)), nextSecret(keys, randomBytes(32), nonce),
    nextSecret(createKeyring(newSecret())[0], secret, nonce), nextSecret(keys, nonce, secret)
  ]
  t.notOk(others.some(other => other.equals(next)))
})

t.test('a chain never comes back to a secret, and shows no secret by its hash', async t => {
  let secret: Buffer = randomBytes(32)
  const seen = new Set<string>()
  for (let step = 0; step < 5_000; step += 1) {
    seen.add(secret.toString('hex')).add(sha256(secret).toString('hex'))
    secret = nextSecret(keyring[0], secret, randomBytes(32))
  }
  t.equal(seen.size, 10_000)
  t.ok(sha256(secret).equals(createHash('sha256').update(secret).digest()))
})
