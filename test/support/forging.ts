import { createSecretKey, createPublicKey, randomBytes } from 'node:crypto'
import type { Sql } from 'postgres'
import type { Config } from '../../src/config/environment.js'
import type { CoreSettings } from '../../src/core/index.js'
import type { JwsKey } from '../../src/core/keys/jws.js'
import { createKeyStore, type StoredAlgorithm } from '../../src/core/keys/key-store.js'
import { createKeyring } from '../../src/core/keys/keyring.js'
import { signatureAlgorithms, type SignatureAlgorithmName } from '../../src/core/keys/signature-algorithms.js'
import { createSigningKeys } from '../../src/core/keys/signing-keys.js'

/** A part of a token before it is encoded: an object as JSON, anything else as these very bytes. */
export type Part = string | Buffer | Record<string, unknown>

export const algorithms = ['ES256', 'EdDSA', 'RS256', 'HS256'] as const satisfies SignatureAlgorithmName[]

export function encode (part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** The header Keyturn writes itself. */
export function properHeader (key: JwsKey): Record<string, unknown> {
  return { alg: key.algorithm, typ: 'JWT', kid: key.kid }
}

/** Signs with the key whatever is given, however wrong: only the signature of such a token is right. */
export function signed (key: JwsKey, header: Part, payload: Part): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signatureAlgorithms[key.algorithm].sign(input, key.signingKey).toString('base64url')}`
}

export function withSignature (token: string, signature: Buffer | string): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.from(signature).toString('base64url')}`
}

export async function newKey (algorithm: SignatureAlgorithmName, kid = `a ${algorithm} key`): Promise<JwsKey> {
  const { generate } = signatureAlgorithms[algorithm]
  if (generate === null) {
    const key = createSecretKey(randomBytes(32))
    return { kid, algorithm, signingKey: key, verifyingKey: key }
  }
  const signingKey = await generate()
  return { kid, algorithm, signingKey, verifyingKey: createPublicKey(signingKey) }
}

/** The key a core signs with, as only somebody with its secret can read it. */
export async function signingKeyOf (sql: Sql, settings: CoreSettings): Promise<JwsKey> {
  const keyring = createKeyring(settings.KEYTURN_SECRET, settings.KEYTURN_SECRET_PREVIOUS)
  const keys = createSigningKeys({
    store: createKeyStore({ sql, keyring }),
    algorithm: settings.JWT_ALG,
    jwtSecret: settings.JWT_SECRET,
    rotation: 0,
    maxTokenLifetime: 0,
    now: Date.now
  })
  await keys.load()
  return keys.current()
}

/** Settings under which new keys are made for this algorithm. */
export function ofAlgorithm (algorithm: StoredAlgorithm): Partial<Config> {
  return { JWT_ALG: algorithm }
}
