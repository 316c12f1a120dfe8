import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.js'

const cipher = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** Encrypts under the current secret's key: iv 12 | tag 16 | ciphertext. `context` must be the same to unseal. */
export function seal ([keys]: Keyring, plaintext: Buffer, context: string): Buffer {
  const iv = randomBytes(ivBytes)
  const encryption = createCipheriv(cipher, keys.seal, iv).setAAD(Buffer.from(context))
  const ciphertext = Buffer.concat([encryption.update(plaintext), encryption.final()])
  return Buffer.concat([iv, encryption.getAuthTag(), ciphertext])
}

/** Decrypts with the secret that sealed it; returns `null` when none did. */
export function unseal (keyring: Keyring, sealed: Buffer, context: string): Buffer | null {
  if (sealed.length < ivBytes + tagBytes) return null
  for (const keys of keyring) {
    const iv = sealed.subarray(0, ivBytes)
    const decryption = createDecipheriv(cipher, keys.seal, iv, { authTagLength: tagBytes })
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
    try {
      return Buffer.concat([decryption.update(sealed.subarray(ivBytes + tagBytes)), decryption.final()])
    } catch {
      // Sealed under the other secret.
    }
  }
  return null
}
