import { constants, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { readJws, type CompactJws } from '../keys/jws.js'

/** What a client signs to show who it is (RFC 7523 3): taken apart and in time, but not yet believed. */
export interface Assertion {
  clientId: string
  jti: string
  /** Seconds since 1970. */
  exp: number
  jws: CompactJws
}

/** An assertion is for one request; one that lives longer would have to be remembered longer. */
const maxLifetimeSeconds = 300
const minRsaBits = 2048
const maxJtiLength = 256

interface AssertionAlgorithm {
  fits (key: KeyObject): boolean
  verify (input: Buffer, key: KeyObject, signature: Buffer): boolean
}

/** RFC 7518 3.1, RFC 8037 3.1, RFC 9864. Clients sign with libraries of their own, so an ECDSA `s` may be high. */
const algorithms: ReadonlyMap<string, AssertionAlgorithm> = new Map<string, AssertionAlgorithm>([
  ['ES256', {
    fits: key => key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    verify: (input, key, signature) => verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature)
  }],
  ['RS256', {
    fits: key => key.asymmetricKeyType === 'rsa' && Number(key.asymmetricKeyDetails?.modulusLength) >= minRsaBits,
    verify: (input, key, signature) =>
      verify('sha256', input, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  }],
  ...['EdDSA', 'Ed25519'].map((name): [string, AssertionAlgorithm] => [name, {
    fits: key => key.asymmetricKeyType === 'ed25519',
    verify: (input, key, signature) => verify(null, input, key, signature)
  }])
])

const JwkSet = Type.Object({
  keys: Type.Array(Type.Object({ kid: Type.Optional(Type.String()) }), { minItems: 1 })
})

export const assertionAlgorithms = [...algorithms.keys()]

/** Reads an assertion addressed to one of `audiences`; `null` when it is none, or not of this moment. */
export function readAssertion (text: string, audiences: readonly string[], milliseconds: number): Assertion | null {
  const jws = readJws(text)
  if (jws === null || 'crit' in jws.header) return null
  const { iss, sub, aud, exp, jti } = jws.payload
  const now = milliseconds / 1000
  const isForUs = [aud].flat().some(audience => typeof audience === 'string' && audiences.includes(audience))
  if (typeof sub !== 'string' || iss !== sub || !isForUs) return null
  if (typeof exp !== 'number' || !(exp > now && exp <= now + maxLifetimeSeconds)) return null
  if (typeof jti !== 'string' || jti.length > maxJtiLength || jti.includes('\0') || !jti.isWellFormed()) return null
  return { clientId: sub, jti, exp, jws }
}

/** Whether one of the client's keys made the signature; the key decides the algorithm (RFC 8725 3.1). */
export function checkAssertion ({ jws }: Assertion, publicKeys: string | null): boolean {
  const algorithm = algorithms.get(String(jws.header.alg))
  if (algorithm === undefined || publicKeys === null) return false
  const input = Buffer.from(jws.signingInput)
  return readPublicKeys(publicKeys).some(({ kid, key }) =>
    (kid === undefined || jws.header.kid === undefined || kid === jws.header.kid) &&
    algorithm.fits(key) && algorithm.verify(input, key, jws.signature))
}

/** Reads a JWK set (RFC 7517 5) of public keys. @throws Error when it is none, or has a key no algorithm here takes */
export function readPublicKeys (text: string): Array<{ kid: string | undefined, key: KeyObject }> {
  const set: unknown = JSON.parse(text)
  if (!Value.Check(JwkSet, set)) throw new Error('that is no JWK set with keys in it')
  return set.keys.map(jwk => {
    if ('d' in jwk || 'k' in jwk) throw new Error('that is a private key; give its public half only')
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    if (![...algorithms.values()].some(algorithm => algorithm.fits(key))) {
      throw new Error('a key must be for ES256, EdDSA, or RS256 with 2048 bits or more')
    }
    return { kid: jwk.kid, key }
  })
}
