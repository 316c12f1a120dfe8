import { constants, createHmac, createPublicKey, createSecretKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import type { Overrides } from './settings.js'
import type { Settings } from '../../src/config/settings.js'
import { openKey, type JwsKey, type KeyMaterial } from '../../src/core/keys/jws-engine.js'
import { createKeyStore } from '../../src/core/keys/key-store.js'
import { createKeyring } from '../../src/core/keys/keyring.js'
import { toLowS } from '../../src/core/keys/low-s.js'
import { generateKey, type SignatureAlgorithmName } from '../../src/core/keys/signature-algorithms.js'
import { createSigningKeys } from '../../src/core/keys/signing-keys.js'
import type { Database } from '../../src/db/database.js'
import type { StoredAlgorithm } from '../../src/db/stored-values.js'
import { openEngine } from '../../src/token-engine.js'

/* Forges without the engine that is attacked: signatures are made by node:crypto over whatever bytes are given. */

/** A part of a token before it is encoded: an object as JSON, anything else as these very bytes. */
export type Part = string | Buffer | Record<string, unknown>

export const algorithms = ['ES256', 'EdDSA', 'RS256', 'HS256'] as const satisfies SignatureAlgorithmName[]

export function encode (part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** The header Keyturn writes itself. */
export function properHeader (key: KeyMaterial): Record<string, unknown> {
  return { alg: key.algorithm, typ: 'JWT', kid: key.kid }
}

const signatures: Record<SignatureAlgorithmName, (input: Buffer, key: KeyObject) => Buffer> = {
  ES256: (input, key) => toLowS(sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })),
  EdDSA: (input, key) => sign(null, input, key),
  RS256: (input, key) => sign('sha256', input, { key, padding: constants.RSA_PKCS1_PADDING }),
  HS256: (input, key) => createHmac('sha256', key).update(input).digest()
}

/** Signs with the key whatever is given, however wrong: only the signature of such a token is right. */
export function signed (key: KeyMaterial, header: Part, payload: Part): string {
  return signedText(key, `${encode(header)}.${encode(payload)}`)
}

/** The same of a header and a payload that are encoded already, perhaps in an odd way. */
export function signedText (key: KeyMaterial, input: string): string {
  return `${input}.${signatures[key.algorithm](Buffer.from(input), key.signingKey).toString('base64url')}`
}

/** The same under Keyturn's own header. */
export function signedClaims (key: KeyMaterial, claims: Part): string {
  return signed(key, properHeader(key), claims)
}

export function withSignature (token: string, signature: Buffer | string): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.from(signature).toString('base64url')}`
}

export async function newKeyMaterial (algorithm: SignatureAlgorithmName, kid: string): Promise<KeyMaterial> {
  const signingKey = algorithm === 'HS256' ? createSecretKey(randomBytes(32)) : await generateKey[algorithm]()
  const verifyingKey = algorithm === 'HS256' ? signingKey : createPublicKey(signingKey)
  return { kid, algorithm, signingKey, verifyingKey }
}

/** A key whose name makes a header that the two base64 alphabets spell differently. */
export async function newKey (algorithm: SignatureAlgorithmName, kid = `>>>???${algorithm} key`): Promise<JwsKey> {
  return openKey(await newKeyMaterial(algorithm, kid), openEngine)
}

/** The key a core signs with, as only somebody with its secret can read it. */
export async function signingKeyOf (
  db: Database, { secrets, keys: { algorithm, sharedSecret } }: Settings
): Promise<JwsKey> {
  const keyring = createKeyring(secrets.current ?? '', secrets.previous)
  const keys = createSigningKeys({
    store: createKeyStore({ db, keyring }),
    openEngine,
    algorithm,
    jwtSecret: sharedSecret,
    rotation: 0,
    maxTokenLifetime: 0,
    now: Date.now
  })
  await keys.load()
  return keys.current()
}

/** Settings under which new keys are made for this algorithm. */
export function ofAlgorithm (algorithm: StoredAlgorithm): Overrides {
  return { keys: { algorithm } }
}
