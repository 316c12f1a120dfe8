import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** A public key that a client registered. */
export interface ClientKey {
  kid: string | undefined
  key: KeyObject
}

/** Of keys that were registered by version 0.1, and of those that are registered from now on (128 bits of security). */
const minRsaBits = 2048
const minNewRsaBits = 3072

const isShorterRsa = ({ key }: ClientKey) =>
  key.asymmetricKeyType === 'rsa' && Number(key.asymmetricKeyDetails?.modulusLength) < minNewRsaBits

const isEd25519 = (key: KeyObject) => key.asymmetricKeyType === 'ed25519'

/** The key each algorithm needs (RFC 7518 3.1, RFC 8037 3.1, RFC 9864). */
const fits = {
  ES256: (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
  RS256: (key: KeyObject) =>
    key.asymmetricKeyType === 'rsa' && Number(key.asymmetricKeyDetails?.modulusLength) >= minRsaBits,
  EdDSA: isEd25519,
  Ed25519: isEd25519
} as const satisfies Record<string, (key: KeyObject) => boolean>

export type ClientKeyAlgorithm = keyof typeof fits

/** The JWS algorithms that clients may sign with. */
export const clientKeyAlgorithms = Object.keys(fits) as ClientKeyAlgorithm[]

const JwkSet = Type.Object({
  keys: Type.Array(Type.Object({ kid: Type.Optional(Type.String()) }), { minItems: 1 })
})

/**
 * Reads the JWK set (RFC 7517 5) of a client's public keys. A set may have several keys at once, each with its `kid`:
 * a client that registers its next key together with the current one rotates its keys without downtime.
 * @throws Error when the text is no JWK set, has a private key, or has a key that fits no algorithm
 */
export function readClientKeys (text: string): ClientKey[] {
  const set: unknown = JSON.parse(text)
  if (!Value.Check(JwkSet, set)) throw new Error('that is no JWK set with keys in it')
  return set.keys.map(jwk => {
    if ('d' in jwk || 'k' in jwk) throw new Error('that is a private key; give its public half only')
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    if (!clientKeyAlgorithms.some(algorithm => fits[algorithm](key))) {
      throw new Error('a key must be for ES256, EdDSA, or RS256 with 2048 bits or more')
    }
    return { kid: jwk.kid, key }
  })
}

/** The same for keys to be registered. @throws Error also for an RSA key of less than 3072 bits */
export function readNewClientKeys (text: string): ClientKey[] {
  const keys = readClientKeys(text)
  if (keys.some(isShorterRsa)) throw new Error(`an RSA key must have ${minNewRsaBits} bits or more`)
  return keys
}

/** Whether a client should replace its keys: one of them could not be registered any more. */
export const hasOutdatedKey = (publicKeys: string | null): boolean =>
  publicKeys !== null && readClientKeys(publicKeys).some(isShorterRsa)

/**
 * The keys that may have made a signature: those that fit the algorithm and, where both the key and the signature name
 * a `kid`, have the same. The key decides the algorithm, not the header alone (RFC 8725 3.1).
 */
export function selectClientKeys (keys: ClientKey[], algorithm: ClientKeyAlgorithm, kid: unknown): KeyObject[] {
  return keys.filter(each => each.kid === undefined || kid === undefined || each.kid === kid)
    .map(({ key }) => key).filter(fits[algorithm])
}
