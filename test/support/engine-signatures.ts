import type { KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { hasLowS } from '../../src/core/keys/low-s.js'
import type { SignatureAlgorithmName } from '../../src/core/keys/signature-algorithms.js'

/* What @fastify/jwt's engine does with a signature, for vectors whose payload is no claims or whose header is odd. */

const { verifySignature } = createRequire(import.meta.url)('fast-jwt/src/crypto.js') as {
  verifySignature: (algorithm: string, key: KeyObject, input: string, signature: string) => boolean
}

/** Whether the signature is taken, after the check that comes before the engine. */
export function isSignatureGood (
  algorithm: SignatureAlgorithmName, key: KeyObject, input: string, signature: string
): boolean {
  if (algorithm === 'ES256' && !hasLowS(Buffer.from(signature, 'base64url'))) return false
  try {
    return verifySignature(algorithm, key, input, signature)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'FAST_JWT_VERIFY_ERROR') return false
    throw error
  }
}
