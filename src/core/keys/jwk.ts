import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { KeyMaterial } from './jws-engine.js'

/** A public key as partners get it (RFC 7517 4, RFC 7518 6, RFC 8037 2). */
export interface PublicJwk {
  kty: string
  use: 'sig'
  alg: string
  kid: string
  crv?: string
  x?: string
  y?: string
  n?: string
  e?: string
}

/** The members that make a public key, in the order of its thumbprint (RFC 7638 3.2, RFC 8037 2). */
const publicMembers = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n']
} as const satisfies Record<string, ReadonlyArray<keyof PublicJwk>>

/** The name of a key is the hash of its public half (RFC 7638). */
export function thumbprint (publicKey: KeyObject): string {
  return createHash('sha256').update(JSON.stringify(publicPart(publicKey))).digest('base64url')
}

/** The public half of a key, and nothing else of it. */
export function toPublicJwk ({ kid, algorithm, verifyingKey }: KeyMaterial): PublicJwk {
  return { ...publicPart(verifyingKey), use: 'sig', alg: algorithm, kid }
}

/** Only the members named in the table are taken, so that no private one can slip in. */
function publicPart (publicKey: KeyObject): { kty: string } {
  const jwk: JsonWebKey = publicKey.export({ format: 'jwk' })
  const members = publicMembers[jwk.kty as keyof typeof publicMembers]
  return Object.fromEntries(members.map(member => [member, jwk[member]])) as { kty: string }
}
