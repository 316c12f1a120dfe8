import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { StoredAlgorithm } from '../../db/stored-values.js'

const newKeyPair = promisify(generateKeyPair)
const rsaModulusBits = 3072

/** Makes a private key for a JWS algorithm (RFC 7518 3.1, RFC 8037 3.1); that of HS256 is given, as `JWT_SECRET`. */
export const generateKey = Object.freeze({
  ES256: async () => (await newKeyPair('ec', { namedCurve: 'P-256' })).privateKey,
  EdDSA: async () => (await newKeyPair('ed25519')).privateKey,
  RS256: async () => (await newKeyPair('rsa', { modulusLength: rsaModulusBits })).privateKey
} satisfies Record<StoredAlgorithm, () => Promise<KeyObject>>)

export type SignatureAlgorithmName = StoredAlgorithm | 'HS256'
