import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import t from 'tap'
import { checkAssertion, readAssertion } from '../../../src/core/partners/client-assertion.js'

const audience = 'https://auth.example.com'
const seconds = 1_800_000_000

const claims = { iss: 'me', sub: 'me', aud: audience, exp: seconds + 60, jti: randomUUID() }

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(publicKey)

function sign (payload: JWTPayload, header: object = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)
}

const read = (text: string) => readAssertion(text, [audience, `${audience}/oauth/token`], seconds * 1000)

t.test('an assertion speaks for its issuer, to us, of this moment, and has a name', async t => {
  t.match(read(await sign(claims)), { clientId: 'me', jti: claims.jti, exp: claims.exp })
  t.ok(read(await sign({ ...claims, aud: ['https://other.example', `${audience}/oauth/token`] })))
  t.ok(read(await sign({ ...claims, exp: seconds + 300 })))
  const wrong: Array<[string, object]> = [
    ['of another', { sub: 'you' }], ['of nobody', { iss: undefined, sub: undefined }],
    ['iss and sub no text', { iss: 1, sub: 1 }],
    ['for another', { aud: 'https://other.example' }], ['for nobody', { aud: undefined }], ['for a number', { aud: 1 }],
    ['expired', { exp: seconds }], ['without end', { exp: undefined }], ['for too long', { exp: seconds + 301 }],
    ['end as text', { exp: String(seconds + 60) }], ['without a name', { jti: undefined }],
    ['a long name', { jti: 'x'.repeat(257) }], ['a name with NUL', { jti: '\0' }],
    ['half a character', { jti: '\ud800' }]
  ]
  for (const [what, change] of wrong) t.equal(read(await sign({ ...claims, ...change })), null, what)
  t.equal(read('x'), null)
})

t.test('only a key of the client, fit for the algorithm that the header names, makes it good', async t => {
  const check = (text: string, keys: object[] | null) => {
    const assertion = read(text)
    return assertion !== null && checkAssertion(assertion, keys === null ? null : JSON.stringify({ keys }))
  }
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
  t.equal(read(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', crit: ['exp'], exp: 1 })
    .sign(privateKey, { crit: { exp: true } })), null, 'an extension that must be understood')
})
