import { hash, randomBytes } from 'node:crypto'

/** 256 bits: beyond guessing, so that what is stored of a secret needs no slow hash. */
const secretBytes = 32

/** A new secret as text that needs no escaping anywhere. */
export function randomSecret (): string {
  return randomBytes(secretBytes).toString('base64url')
}

/** The hash that is stored in place of a secret of 256 random bits. */
export function sha256 (secret: string | Buffer): Buffer {
  return hash('sha256', secret, 'buffer')
}
