import t from 'tap'
import { readJws } from '../../../src/core/keys/compact-jws.js'
import { newKey, signedClaims } from '../../support/forging.js'
import { misread, misspellings, notUtf8, tellingToken, type Attacks } from '../../support/token-attacks.js'

const key = await newKey('ES256')
const claims = { sub: 'somebody', iat: 1_000_000_000, exp: 4_000_000_000 }

function notRead (attacks: Attacks): string[] {
  return Object.entries(attacks).flatMap(([name, tokens]) =>
    tokens.filter(token => readJws(token) !== null).map(token => `${name}: ${token.slice(0, 300)}`))
}

t.test('a token has one spelling', async t => {
  const token = tellingToken(key, claims)
  t.ok(readJws(token))
  t.same(notRead(misspellings(token)), [])
})

t.test('what is no token is not read, also when it is signed', async t => {
  t.same(notRead(misread(key, claims)), [])
})

t.test('what is not UTF-8 is not read, also when it is signed', async t => {
  t.same(notRead(notUtf8(key, claims)), [])
})

t.test('a text of 10 MB is turned away unread', async t => {
  const texts = ['A', '.', 'A.', '\u{1f511}'].map(unit => unit.repeat(10_000_000 / unit.length))
  for (let round = 0; round < 1_000; round += 1) {
    if (texts.some(text => readJws(text) !== null)) t.fail('it was read')
  }
})

t.test('a name of Object.prototype in a payload is a name like any other', async t => {
  const payload = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'
  t.equal(readJws(signedClaims(key, payload))?.payload.polluted, undefined)
  t.equal(({} as Record<string, unknown>).polluted, undefined)
})
