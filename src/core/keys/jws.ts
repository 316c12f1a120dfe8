import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { signatureAlgorithms, type SignatureAlgorithmName } from './signature-algorithms.js'

/** A key that signs and checks, by one algorithm only (RFC 8725 3.1). */
export interface JwsKey {
  kid: string
  algorithm: SignatureAlgorithmName
  signingKey: KeyObject
  verifyingKey: KeyObject
}

/** A token in compact form (RFC 7515 7.1), taken apart but not yet believed. */
export interface CompactJws {
  header: Record<string, unknown>
  payload: Record<string, unknown>
  signingInput: string
  signature: Buffer
}

/** Three parts of base64url without padding and nothing around them; longer than any token Keyturn makes is refused. */
const compactForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/
const maxTokenLength = 8192

/** Signs claims; the header carries what the verifier selects the key by. */
export function signJws (key: JwsKey, claims: object, typ = 'JWT'): string {
  const header = encode({ alg: key.algorithm, typ, kid: key.kid })
  const signingInput = `${header}.${encode(claims)}`
  const signature = signatureAlgorithms[key.algorithm].sign(signingInput, key.signingKey)
  return `${signingInput}.${signature.toString('base64url')}`
}

/** Reads the strict compact form; returns `null` for any other spelling, however a lenient reader would take it. */
export function readJws (token: string): CompactJws | null {
  if (token.length > maxTokenLength) return null
  const [, header = '', payload = '', signature = ''] = compactForm.exec(token) ?? []
  const decoded = { header: decodeObject(header), payload: decodeObject(payload), signature: decode(signature) }
  if (decoded.header === null || decoded.payload === null || decoded.signature === null) return null
  return {
    header: decoded.header,
    payload: decoded.payload,
    signingInput: `${header}.${payload}`,
    signature: decoded.signature
  }
}

/**
 * Whether the signature is the key's. The algorithm is the key's own: what the header says is compared, never
 * followed. A header with `crit` asks for an extension, and there is none here (RFC 7515 4.1.11).
 */
export function verifyJws (jws: CompactJws, key: JwsKey): boolean {
  if (jws.header.alg !== key.algorithm || jws.header.typ !== 'JWT' || 'crit' in jws.header) return false
  return signatureAlgorithms[key.algorithm].verify(jws.signingInput, key.verifyingKey, jws.signature)
}

function encode (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The last character of base64url may carry bits that mean nothing; only zero bits there are canonical. */
function decode (part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : null
}

function decodeObject (part: string): Record<string, unknown> | null {
  const bytes = decode(part)
  if (bytes === null || !isUtf8(bytes)) return null
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? value as Record<string, unknown> : null
  } catch {
    return null
  }
}
