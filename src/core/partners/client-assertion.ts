import { constants, verify, type KeyObject } from 'node:crypto'
import { AuthError } from '../errors.js'
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

/** Some libraries ask for an hour, and must store the `jti` for as long. */
const maxLifetimeSeconds = 3_600
/** How far a client's clock may be ahead of ours. */
const clockToleranceSeconds = 30
const maxJtiLength = 256

/** Media types of an assertion (RFC 7519 5.1, draft-ietf-oauth-rfc7523bis), without regard to case. */
const assertionTypes: readonly unknown[] = [undefined, 'jwt', 'client-authentication+jwt']

interface Expected {
  audiences: readonly string[]
  /** Seconds since 1970. */
  now: number
}

const isNotLater = (time: unknown, now: number) =>
  time === undefined || (typeof time === 'number' && time <= now + clockToleranceSeconds)

/** The checks, and the description of a failed one: facts about the text, and none about any client. */
const checks: ReadonlyArray<readonly [fault: string, passes: (jws: CompactJws, expected: Expected) => boolean]> = [
  ['crit is not supported', ({ header }) => !('crit' in header)],
  ['typ must be JWT or client-authentication+jwt', ({ header: { typ } }) =>
    assertionTypes.includes(typeof typ === 'string' ? typ.toLowerCase() : typ)],
  ['iss and sub must be the id of the client', ({ payload: { iss, sub } }) => typeof sub === 'string' && iss === sub],
  ['aud must be one string, the issuer', ({ payload: { aud } }, { audiences }) =>
    typeof aud === 'string' && audiences.includes(aud)],
  ['exp must be in the future', ({ payload: { exp } }, { now }) => typeof exp === 'number' && exp > now],
  [`exp must be at most ${maxLifetimeSeconds} s away`, ({ payload: { exp } }, { now }) =>
    isNotLater(exp, now + maxLifetimeSeconds)],
  ['nbf must not be in the future', ({ payload: { nbf } }, { now }) => isNotLater(nbf, now)],
  ['iat must not be in the future', ({ payload: { iat } }, { now }) => isNotLater(iat, now)],
  [`jti must be a text of 1 to ${maxJtiLength} characters`, ({ payload: { jti } }) => isName(jti)]
]

function isName (jti: unknown): boolean {
  return typeof jti === 'string' && jti.length > 0 && jti.length <= maxJtiLength && !jti.includes('\0') &&
    jti.isWellFormed()
}

/** @param fault what is wrong with the assertion, as the client's developer may read it */
export const invalidAssertion = (fault: string) =>
  new AuthError('invalid_client', { description: `client_assertion: ${fault}` })

type Verify = (input: Buffer, key: KeyObject, signature: Buffer) => boolean

const verifyEd25519: Verify = (input, key, signature) => verify(null, input, key, signature)

/** Clients sign with libraries of their own, so an ECDSA `s` may be high. */
const verifiers: Record<ClientKeyAlgorithm, Verify> = {
  ES256: (input, key, signature) => verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  RS256: (input, key, signature) => verify('sha256', input, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  EdDSA: verifyEd25519,
  Ed25519: verifyEd25519
}

/**
 * Reads an assertion addressed to one of `audiences`, valid at this moment (in milliseconds).
 * @throws AuthError `invalid_client`, which says what is wrong
 */
export function readAssertion (text: string, audiences: readonly string[], milliseconds: number): Assertion {
  const jws = readJws(text)
  if (jws === null) throw invalidAssertion('not a JWS in compact form')
  const expected = { audiences, now: milliseconds / 1000 }
  const [fault] = checks.find(([, passes]) => !passes(jws, expected)) ?? []
  if (fault !== undefined) throw invalidAssertion(fault)
  const { sub, jti, exp } = jws.payload as { sub: string, jti: string, exp: number }
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

/** The client that an assertion names, whether or not it is one; `null` for any other text. */
export function clientIdOf (text: string): string | null {
  const sub = readJws(text)?.payload.sub
  return typeof sub === 'string' ? sub : null
}
