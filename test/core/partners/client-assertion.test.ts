import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import t from 'tap'
import { checkAssertion, readAssertion } from '../../../src/core/partners/client-assertion.js'

const audience = 'https://auth.example.com'
const tokenEndpoint = `${audience}/oauth/token`
const seconds = 1_800_000_000

const claims = { iss: 'me', sub: 'me', aud: audience, exp: seconds + 60, jti: randomUUID() }

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(publicKey)

function sign (payload: JWTPayload, header: object = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)
}

const read = (text: string) => readAssertion(text, [audience, tokenEndpoint], seconds * 1000)

/** What is said of an assertion that is refused, or `null`. */
function faultOf (text: string): string | null {
  try {
    read(text)
    return null
  } catch (error) {
    return (error as { description: string }).description
  }
}

t.test('takes what the libraries of clients send by default', async t => {
  const clock = { iat: seconds, nbf: seconds }
  const defaults: Array<[string, JWTPayload, object?]> = [
    ['openid-client 6, oauth4webapi', { ...claims, ...clock }, { kid: 'one' }],
    ['Authlib', { ...claims, aud: tokenEndpoint, iat: seconds, exp: seconds + 3_600 }, { typ: 'JWT' }],
    ['jose', { ...claims, iat: seconds, exp: seconds + 3_600 }],
    ['rfc7523bis', { ...claims, iat: seconds }, { typ: 'client-authentication+jwt' }],
    ['a clock that is ahead', { ...claims, iat: seconds + 30, nbf: seconds + 30, exp: seconds + 3_630 }],
    ['another spelling of the type', claims, { typ: 'jwt' }]
  ]
  for (const [library, payload, header] of defaults) t.equal(faultOf(await sign(payload, header)), null, library)
  t.match(read(await sign(claims)), { clientId: 'me', jti: claims.jti, exp: claims.exp })
})

t.test('says which check an assertion fails', async t => {
  const far = seconds + 3_600
  const faults: Array<[RegExp, object, object?]> = [
    [/iss and sub/, { sub: 'you' }], [/iss and sub/, { iss: undefined, sub: undefined }],
    [/iss and sub/, { iss: 1, sub: 1 }],
    [/aud/, { aud: 'https://other.example' }], [/aud/, { aud: undefined }], [/aud/, { aud: 1 }],
    [/aud/, { aud: [audience] }], [/aud/, { aud: ['https://other.example', tokenEndpoint] }],
    [/exp must be in/, { exp: seconds }], [/exp must be in/, { exp: undefined }], [/exp must be in/, { exp: `${far}` }],
    [/exp must be at most 3600 s/, { exp: seconds + 3_631 }],
    [/nbf/, { nbf: seconds + 31 }], [/nbf/, { nbf: 'now' }], [/nbf/, { nbf: null }],
    [/iat/, { iat: far }], [/iat/, { iat: [] }],
    [/jti/, { jti: undefined }], [/jti/, { jti: '' }], [/jti/, { jti: 'x'.repeat(257) }], [/jti/, { jti: '\0' }],
    [/jti/, { jti: '\ud800' }],
    [/typ/, {}, { typ: 'at+jwt' }], [/typ/, {}, { typ: 'secevent+jwt' }],
    [/typ/, {}, { typ: '' }], [/typ/, {}, { typ: 1 }]
  ]
  for (const [fault, change, header] of faults) {
    t.match(faultOf(await sign({ ...claims, ...change }, header)), fault, JSON.stringify([change, header]))
  }
  t.match(faultOf('x'), /compact form/)
  const extended = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', crit: ['exp'], exp: 1 })
    .sign(privateKey, { crit: { exp: true } })
  t.match(faultOf(extended), /crit/)
})

t.test('only a key of the client, fit for the algorithm that the header names, makes it good', async t => {
  const check = (text: string, keys: object[] | null) =>
    checkAssertion(read(text), keys === null ? null : JSON.stringify({ keys }))
  const text = await sign(claims)
  t.equal(check(text, [jwk]), true)
  t.equal(check(text, null), false, 'a client with a secret')
  t.equal(check(text, [await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)]), false)
  const rsa = await generateKeyPair('RS256', { extractable: true })
  t.equal(check(text, [await exportJWK(rsa.publicKey)]), false, 'a key of another kind')
  t.equal(check(text, [await exportJWK(rsa.publicKey), jwk]), true, 'tried one after the other')

  const named = await sign(claims, { kid: 'a' })
  t.equal(check(named, [jwk]), true, 'a key without a name')
  t.equal(check(named, [{ ...jwk, kid: 'a' }]), true)
  t.equal(check(named, [{ ...jwk, kid: 'b' }]), false, 'a key with another')
  t.equal(check(text, [{ ...jwk, kid: 'b' }]), true, 'no key is named')

  const secret = new TextEncoder().encode(JSON.stringify(jwk))
  const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  t.equal(check(confused, [jwk]), false, 'an algorithm of shared secrets')
  const [, payload = ''] = text.split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  t.equal(check(`${none}.${payload}.AA`, [jwk]), false, 'none')
})
