import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { readJws, verifyJws, type JwsKey } from '../../../src/core/keys/jws.js'
import { signatureAlgorithms, type SignatureAlgorithmName } from '../../../src/core/keys/signature-algorithms.js'

/*
 * C2SP's Wycheproof, json_web_signature_test.json. Its tokens carry "foo" where Keyturn wants claims, and no
 * `typ`, so `readJws` takes none of them. To test the signatures all the same, each part is read by `readJws` in
 * the signature's place of a token that is in order otherwise, and then judged as `verifyJws` does.
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

const vectors = groups.flatMap(({ public: publicJwk, private: privateJwk, tests }) => {
  const jwk = publicJwk ?? privateJwk
  const algorithm = algorithmOfKeyType[jwk.kty ?? ''] ?? 'HS256'
  const verifyingKey = keyOf(jwk)
  const key: JwsKey = { kid: '', algorithm, verifyingKey, signingKey: verifyingKey }
  return tests.map(({ tcId, comment, result, jws }) => ({
    tcId, comment, result, key, jws: typeof jws === 'string' ? jws : JSON.stringify(jws), declared: jwk.alg
  }))
})

function keyOf (jwk: JsonWebKey): KeyObject {
  return jwk.kty === 'oct'
    ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
    : createPublicKey({ key: jwk, format: 'jwk' })
}

/** The bytes of one part, as the reader of tokens takes them. */
function strictly (part: string): Buffer | null {
  return readJws(`e30.e30.${part}`)?.signature ?? null
}

/** Whether the signature is good, whatever the payload holds and whether or not the header has a `typ`. */
function isSigned ({ jws, key }: { jws: string, key: JwsKey }): boolean {
  const [header = '', payload = '', signature = '', ...more] = jws.split('.')
  const parts = [header, payload, signature].map(strictly)
  if (more.length > 0 || parts[0] === null || parts[2] === null || (payload !== '' && parts[1] === null)) return false
  const read = readJws(`${header}.e30.${signature}`)
  if (read === null || read.header.alg !== key.algorithm || 'crit' in read.header) return false
  return signatureAlgorithms[key.algorithm].verify(`${header}.${payload}`, key.verifyingKey, read.signature)
}

const ids = (some: typeof vectors) => some.map(vector => vector.tcId)

t.test('all 355 invalid tokens are refused', { skip }, async t => {
  const invalid = vectors.filter(vector => vector.result === 'invalid')
  t.equal(invalid.length, 355)
  const taken = invalid.filter(({ jws, key }) => {
    const read = readJws(jws)
    return read !== null && verifyJws(read, key)
  })
  t.same(ids(taken), [])
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
  const valid = vectors.filter(({ result, declared }) => result === 'valid' && declared !== undefined &&
    declared in signatureAlgorithms)
  const refused = valid.filter(vector => !isSigned(vector))
  t.equal(valid.length, 20)
  t.same(refused.map(({ tcId, comment }) => `${tcId} ${comment}`), [
    '18 acceptsValid', // ES256 with the higher s
    '372 InvalidCharacterInsertedInHeader', // a "?" that a lenient decoder skips
    '373 InvalidCharacterInsertedInPayload'
  ])
})

t.test('a valid token of an algorithm that Keyturn does not have is refused', { skip }, async t => {
  const others = vectors.filter(({ result, declared }) => result === 'valid' &&
    !(declared !== undefined && declared in signatureAlgorithms))
  t.same(ids(others.filter(isSigned)), [], `${others.length} of PS256, RS384, ES512 …`)
})
