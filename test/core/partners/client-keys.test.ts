import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import {
  clientKeyAlgorithms, hasOutdatedKey, readClientKeys, readNewClientKeys, selectClientKeys
} from '../../../src/core/partners/client-keys.js'

const ec = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const jwkSet = (...keys: Array<{ kid?: string, key: KeyObject }>) =>
  JSON.stringify({ keys: keys.map(({ key, ...kid }) => ({ ...key.export({ format: 'jwk' }), ...kid })) })

t.test('a client rotates its keys: each of several is selected by its kid', t => {
  const [current, next] = [ec().publicKey, ec().publicKey]
  const keys = readClientKeys(jwkSet({ kid: 'current', key: current }, { kid: 'next', key: next }))
  const selected = (kid: unknown) => selectClientKeys(keys, 'ES256', kid)
  t.ok(selected('current').every(key => key.equals(current)) && selected('current').length === 1)
  t.ok(selected('next').every(key => key.equals(next)) && selected('next').length === 1)
  t.equal(selected('other').length, 0)
  t.equal(selected(undefined).length, 2, 'without a kid each key may have signed')
  t.end()
})

t.test('a key fits its own algorithms only', t => {
  const kinds: Record<string, KeyObject> = {
    ES256: ec().publicKey,
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
    'EdDSA, Ed25519': generateKeyPairSync('ed25519').publicKey
  }
  for (const [names, key] of Object.entries(kinds)) {
    const keys = readClientKeys(jwkSet({ key }))
    t.equal(clientKeyAlgorithms.filter(name => selectClientKeys(keys, name, undefined).length > 0).join(', '), names)
  }
  t.end()
})

t.test('rejects private, weak and unsupported keys, and what is no JWK set', t => {
  const rejects = (text: string, message: RegExp) => t.throws(() => readClientKeys(text), { message })
  rejects(jwkSet({ key: ec().privateKey }), /private key/)
  rejects(JSON.stringify({ keys: [{ kty: 'oct', k: createHmac('sha256', 'x').digest('base64url') }] }), /private key/)
  rejects(jwkSet({ key: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey }), /2048 bits/)
  rejects(jwkSet({ key: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey }), /must be for ES256/)
  const short = jwkSet({ key: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey })
  t.throws(() => readNewClientKeys(short), { message: /3072 bits/ }, 'taken from before, not registered any more')
  t.equal(hasOutdatedKey(short), true)
  const long = jwkSet({ key: generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey })
  t.equal(readNewClientKeys(long).length, 1)
  for (const keys of [long, jwkSet({ key: ec().publicKey }), null]) t.equal(hasOutdatedKey(keys), false)
  rejects('{"keys":[]}', /no JWK set/)
  rejects('[]', /no JWK set/)
  t.end()
})
