import { createHash, hkdfSync } from 'node:crypto'

/** The keys of one `KEYTURN_SECRET`, one for each purpose. */
export interface Keys {
  /** Names the secret in a refresh token, in one byte. Two secrets may share it: it only saves work. */
  id: number
  /** Authenticates refresh tokens. */
  tag: Buffer
  /** Derives a refresh token's successor. */
  ratchet: Buffer
  /** Derives the keys under which failed sign-ins are counted. */
  throttle: Buffer
  /** Authenticates codes in mails, which are short enough to be tried from a dump of their plain hashes. */
  challenge: Buffer
  /** Encrypts private signing keys and the contents of mails at rest. */
  seal: Buffer
}

/** The current secret's keys, which everything new is made with, then the previous one's, which are still accepted. */
export type Keyring = readonly [current: Keys, ...previous: Keys[]]

const keyBytes = 32

/** Derives all keys from `KEYTURN_SECRET` and, while it is being changed, from the one before (HKDF, RFC 5869). */
export function createKeyring (secret: string, previousSecret?: string): Keyring {
  return previousSecret === undefined
    ? [deriveKeys(secret)]
    : [deriveKeys(secret), deriveKeys(previousSecret)]
}

function deriveKeys (secret: string): Keys {
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', secret, '', `keyturn ${label}`, keyBytes))
  return {
    id: createHash('sha256').update(derive('key id')).digest().readUInt8(),
    tag: derive('refresh token tag'),
    ratchet: derive('refresh token ratchet'),
    throttle: derive('login throttle'),
    challenge: derive('challenge'),
    seal: derive('signing key seal')
  }
}
