import { createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { readJws } from '../../../src/core/keys/compact-jws.js'
import { openKey, type KeyMaterial } from '../../../src/core/keys/jws-engine.js'
import { verifyJws } from '../../../src/core/keys/jws.js'
import { algorithms } from '../../support/forging.js'
import { isSignatureGood } from '../../support/engine-signatures.js'
import type { SignatureAlgorithmName } from '../../../src/core/keys/signature-algorithms.js'
import { openEngine } from '../../../src/token-engine.js'

/*
 * C2SP's Wycheproof, json_web_signature_test.json. Its tokens carry "foo" where Keyturn wants claims, and no
 * `typ`, so none of them is an access token. To test the signatures all the same, each part is read by `readJws` in
 * the signature's place of a token that is in order otherwise, and the signature by the step of the engine for it.
 */

interface Vector {
  tcId: number
  comment: string
  result: 'valid' | 'invalid'
  jws: unknown
}

interface Group {
  public?: JsonWebKey & { alg?: string }
  private: JsonWebKey & { alg?: string }
  tests: Vector[]
}

const file = new URL('../../../../shared/vectors/json_web_signature_test.json', import.meta.url)
const text = await readFile(file, 'utf8').catch(() => null)
const skip = text === null ? `no test vectors at ${file.pathname}` : false
const groups = text === null ? [] : (JSON.parse(text) as { testGroups: Group[] }).testGroups

const algorithmOfKeyType: Record<string, SignatureAlgorithmName> = { oct: 'HS256', EC: 'ES256', RSA: 'RS256' }

const vectors = (await Promise.all(groups.map(async ({ public: publicJwk, private: privateJwk, tests }) => {
  const declared = (publicJwk ?? privateJwk).alg
  const material = materialOf(privateJwk)
  const key = await openKey(material, openEngine).catch(() => null)
  return tests.map(({ tcId, comment, result, jws }) => ({
    tcId, comment, result, material, key, jws: typeof jws === 'string' ? jws : JSON.stringify(jws), declared
  }))
}))).flat()

type KnownVector = typeof vectors[number]

function materialOf (jwk: JsonWebKey): KeyMaterial {
  const algorithm = algorithmOfKeyType[jwk.kty ?? ''] ?? 'HS256'
  if (algorithm === 'HS256') {
    const secret = createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
    return { kid: '', algorithm, verifyingKey: secret, signingKey: secret }
  }
  const signingKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { kid: '', algorithm, verifyingKey: createPublicKey(signingKey), signingKey }
}

/** The bytes of one part, as the reader of tokens takes them. */
function strictly (part: string): Buffer | null {
  return readJws(`e30.e30.${part}`)?.signature ?? null
}

/** Whether the signature is good, whatever the payload holds and whether or not the header has a `typ`. */
function isSigned ({ jws, key }: KnownVector): boolean {
  const [header = '', payload = '', signature = '', ...more] = jws.split('.')
  const parts = [header, payload, signature].map(strictly)
  if (more.length > 0 || parts[0] === null || parts[2] === null || (payload !== '' && parts[1] === null)) return false
  const read = readJws(`${header}.e30.${signature}`)
  if (key === null || read === null || read.header.alg !== key.algorithm || 'crit' in read.header) return false
  return isSignatureGood(key.algorithm, key.verifyingKey, `${header}.${payload}`, signature)
}

function isOurs ({ declared }: KnownVector): boolean {
  return algorithms.some(algorithm => algorithm === declared)
}

const ids = (some: typeof vectors) => some.map(vector => vector.tcId)

t.test('all 355 invalid tokens are refused', { skip }, async t => {
  const invalid = vectors.filter(vector => vector.result === 'invalid')
  t.equal(invalid.length, 355)
  t.same(ids(invalid.filter(({ jws, key }) => key !== null && jws !== '' && key.engine.verify(jws) !== null)), [])
  t.same(ids(invalid.filter(({ jws, key }) => key !== null && verifyJws(jws, key) !== null)), [], 'after the guard')
})

t.test('only a key that is for none of our algorithms opens no engine', { skip }, async t => {
  t.same([...new Set(vectors.filter(({ key }) => key === null).map(({ declared }) => declared))], ['ES521'])
})

t.test('they are refused for their signatures and spellings, not only for their type', { skip }, async t => {
  const taken = vectors.filter(vector => vector.result === 'invalid' && isSigned(vector))
  t.same(taken.map(({ tcId, declared }) => `${tcId} ${declared}`), [
    // Good signatures by keys whose JWK says that they are for something else, which no key of Keyturn can be.
    '332 PS512', '353 undefined', '355 undefined',
    // The very text of the valid vector 357.
    '367 HS256', '370 HS256'
  ])
  t.equal(new Set(vectors.filter(({ tcId }) => [357, 367, 370].includes(tcId)).map(({ jws }) => jws)).size, 1)
})

t.test('every valid token of an algorithm that Keyturn has is signed, but for other spellings', { skip }, async t => {
  const valid = vectors.filter(vector => vector.result === 'valid' && isOurs(vector))
  const refused = valid.filter(vector => !isSigned(vector))
  t.equal(valid.length, 20)
  t.same(refused.map(({ tcId, comment }) => `${tcId} ${comment}`), [
    '18 acceptsValid', // ES256 with the higher s
    '372 InvalidCharacterInsertedInHeader', // a "?" that a lenient decoder skips
    '373 InvalidCharacterInsertedInPayload'
  ])
})

t.test('a valid token of an algorithm that Keyturn does not have is refused', { skip }, async t => {
  const others = vectors.filter(vector => vector.result === 'valid' && !isOurs(vector))
  t.same(ids(others.filter(isSigned)), [], `${others.length} of PS256, RS384, ES512 …`)
})
