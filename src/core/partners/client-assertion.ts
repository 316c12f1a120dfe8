import { constants, verify, type KeyObject } from 'node:crypto'
import { readJws, type CompactJws } from '../keys/compact-jws.js'
import { clientKeyAlgorithms, readClientKeys, selectClientKeys, type ClientKeyAlgorithm } from './client-keys.js'

/** A client's assertion (RFC 7523 3): parsed, and its claims checked, but its signature not yet verified. */
export interface Assertion {
  clientId: string
  jti: string
  /** Seconds since 1970. */
  exp: number
  jws: CompactJws
}

/** An assertion is for one request; its `jti` must be stored until it expires. */
const maxLifetimeSeconds = 300
const maxJtiLength = 256

type Verify = (input: Buffer, key: KeyObject, signature: Buffer) => boolean

const verifyEd25519: Verify = (input, key, signature) => verify(null, input, key, signature)

/** Clients sign with libraries of their own, so an ECDSA `s` may be high. */
const verifiers: Record<ClientKeyAlgorithm, Verify> = {
  ES256: (input, key, signature) => verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  RS256: (input, key, signature) => verify('sha256', input, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  EdDSA: verifyEd25519,
  Ed25519: verifyEd25519
}

/** Reads an assertion addressed to one of `audiences`; `null` when it is malformed, misaddressed or not valid now. */
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

/**
 * Whether one of the client's keys made the signature.
 * @param publicKeys the client's JWK set, or `null` for a client with a secret, which signs nothing
 */
export function checkAssertion ({ jws }: Assertion, publicKeys: string | null): boolean {
  const { alg, kid } = jws.header
  const algorithm = clientKeyAlgorithms.find(name => name === alg)
  if (algorithm === undefined || publicKeys === null) return false
  const input = Buffer.from(jws.signingInput)
  return selectClientKeys(readClientKeys(publicKeys), algorithm, kid)
    .some(key => verifiers[algorithm](input, key, jws.signature))
}
