import {
  constants, createHmac, generateKeyPair, sign, timingSafeEqual, verify, type KeyObject
} from 'node:crypto'
import { promisify } from 'node:util'

const newKeyPair = promisify(generateKeyPair)

/** One JWS algorithm (RFC 7518 3.1, RFC 8037 3.1): how its keys are made, how it signs, how it checks. */
interface SignatureAlgorithm {
  /** Makes a private key; HS256 has none to make, its key is `JWT_SECRET`. */
  generate: (() => Promise<KeyObject>) | null
  sign (input: string, key: KeyObject): Buffer
  verify (input: string, key: KeyObject, signature: Buffer): boolean
}

const rsaModulusBits = 3072
const es256 = { halfBytes: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n } as const
const highestLowS = toHalf(es256.order / 2n)

export const signatureAlgorithms = Object.freeze({
  ES256: {
    generate: async () => (await newKeyPair('ec', { namedCurve: 'P-256' })).privateKey,
    sign: (input, key) => withLowS(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })),
    verify: (input, key, signature) => hasLowS(signature) &&
      verify('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, signature)
  },
  EdDSA: {
    generate: async () => (await newKeyPair('ed25519')).privateKey,
    sign: (input, key) => sign(null, Buffer.from(input), key),
    verify: (input, key, signature) => verify(null, Buffer.from(input), key, signature)
  },
  RS256: {
    generate: async () => (await newKeyPair('rsa', { modulusLength: rsaModulusBits })).privateKey,
    sign: (input, key) => sign('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PADDING }),
    verify: (input, key, signature) =>
      verify('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  },
  HS256: {
    generate: null,
    sign: (input, key) => createHmac('sha256', key).update(input).digest(),
    verify (input, key, signature) {
      const expected = createHmac('sha256', key).update(input).digest()
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    }
  }
} satisfies Record<string, SignatureAlgorithm>)

export type SignatureAlgorithmName = keyof typeof signatureAlgorithms

/**
 * Of every ECDSA signature (r, s) anybody can make a second, (r, n - s), without the key. Only the one with
 * the lower s is made and accepted, so that a token cannot be respelled around a cache or a list of digests.
 */
function hasLowS (signature: Buffer): boolean {
  return signature.length === 2 * es256.halfBytes &&
    signature.compare(highestLowS, 0, es256.halfBytes, es256.halfBytes) <= 0
}

function withLowS (signature: Buffer): Buffer {
  if (hasLowS(signature)) return signature
  const s = BigInt(`0x${signature.toString('hex', es256.halfBytes)}`)
  return Buffer.concat([signature.subarray(0, es256.halfBytes), toHalf(es256.order - s)])
}

function toHalf (value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * es256.halfBytes, '0'), 'hex')
}
