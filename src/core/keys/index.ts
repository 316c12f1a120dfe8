import type { Database } from '../../db/database.js'
import type { StoredAlgorithm } from '../../db/stored-values.js'
import type { OpenEngine } from './jws-engine.js'
import { createKeyStore } from './key-store.js'
import { createKeyring } from './keyring.js'
import { createSigningKeys } from './signing-keys.js'

export { keyCheckIntervalMs } from './signing-keys.js'
export type { OpenEngine } from './jws-engine.js'

export interface KeySettings {
  /** The algorithm of signing keys generated from now on. */
  algorithm: StoredAlgorithm
  /** If set, tokens are signed HS256 with its UTF-8 bytes. */
  sharedSecret: string | undefined
  /** Seconds for which a key signs; 0 when it signs until an operator rotates it. */
  rotation: number
}

export interface KeysNeeds {
  db: Pick<Database, 'sql' | 'query'>
  /** `KEYTURN_SECRET` and the one before it, from which all keys at rest derive. */
  secrets: { current: string, previous: string | undefined }
  settings: KeySettings
  /** Opens the engine that signs and verifies with a key. */
  openEngine: OpenEngine
  /** The longest lifetime of an access token, in seconds; a signing key is kept for it after its last use. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

export type Keys = ReturnType<typeof createKeys>

/** The keys derived from the secret, and those that tokens are signed with. */
export function createKeys ({ db, secrets, settings, openEngine, maxTokenLifetime, now }: KeysNeeds) {
  const keyring = createKeyring(secrets.current, secrets.previous)
  const store = createKeyStore({ db, keyring })
  return {
    keyring,
    keys: createSigningKeys({
      store,
      openEngine,
      algorithm: settings.algorithm,
      jwtSecret: settings.sharedSecret,
      rotation: settings.rotation,
      maxTokenLifetime,
      now
    })
  }
}
