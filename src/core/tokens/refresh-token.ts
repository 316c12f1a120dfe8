import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Keyring, Keys } from '../keys/keyring.js'

/*
 * rt_ + base64url( key id 1 | account id 16 | session id 16 | generation 4 | secret 32 | tag 16 )
 *
 * The tag is an HMAC over what precedes it. A text without a valid tag was never issued here.
 */

const prefix = 'rt_'
const offsets = { accountId: 1, sessionId: 17, generation: 33, secret: 37, tag: 69, end: 85 } as const

/** The content of a refresh token; only a holder of the tag key can have written it. */
export interface RefreshToken {
  accountId: string
  sessionId: string
  generation: number
  secret: Buffer
}

/** Writes a token under the current secret's key. */
export function writeRefreshToken ([keys]: Keyring, token: RefreshToken): string {
  const bytes = Buffer.alloc(offsets.end)
  bytes.writeUInt8(keys.id, 0)
  bytes.write(token.accountId.replaceAll('-', ''), offsets.accountId, 'hex')
  bytes.write(token.sessionId.replaceAll('-', ''), offsets.sessionId, 'hex')
  bytes.writeUInt32BE(token.generation, offsets.generation)
  token.secret.copy(bytes, offsets.secret)
  tagOf(keys, bytes).copy(bytes, offsets.tag)
  return prefix + bytes.toString('base64url')
}

/** Reads a token without reading the database; returns `null` for one that was never issued. */
export function readRefreshToken (keyring: Keyring, text: string): RefreshToken | null {
  if (!text.startsWith(prefix)) return null
  const encoded = text.slice(prefix.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // The decoder accepts encodings that are not canonical; one token has one spelling.
  if (bytes.length !== offsets.end || bytes.toString('base64url') !== encoded) return null
  const tag = bytes.subarray(offsets.tag)
  const issued = keyring.some(keys => keys.id === bytes[0] && timingSafeEqual(tagOf(keys, bytes), tag))
  if (!issued) return null
  return {
    accountId: uuidAt(bytes, offsets.accountId),
    sessionId: uuidAt(bytes, offsets.sessionId),
    generation: bytes.readUInt32BE(offsets.generation),
    secret: bytes.subarray(offsets.secret, offsets.tag)
  }
}

/** One step of the ratchet: secret(n+1) = HMAC-SHA256(ratchet key, secret(n) | nonce(n)). */
export function nextSecret (keys: Keys, secret: Buffer, nonce: Buffer): Buffer {
  return createHmac('sha256', keys.ratchet).update(secret).update(nonce).digest()
}

function tagOf (keys: Keys, bytes: Buffer): Buffer {
  return createHmac('sha256', keys.tag).update(bytes.subarray(0, offsets.tag)).digest()
    .subarray(0, offsets.end - offsets.tag)
}

function uuidAt (bytes: Buffer, offset: number): string {
  const hex = bytes.toString('hex', offset, offset + 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
