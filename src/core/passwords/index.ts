import type { Database } from '../../db/client.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import { createHashingQueue } from './hashing-queue.js'
import { createPasswordChange } from './password-change.js'
import { createPasswordHashing, type PasswordHashCost } from './password-hashing.js'

export interface PasswordSettings extends PasswordHashCost {
  /** Hashes computed at the same time, and callers that may wait besides. */
  concurrency: number
  queue: number
}

export interface PasswordsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  revocations: Pick<RevocationNotices, 'publish'>
  settings: PasswordSettings
}

export type Passwords = ReturnType<typeof createPasswords>

/** Hashes, checks and changes passwords, a bounded number at once. */
export function createPasswords ({ db, revocations, settings }: PasswordsNeeds) {
  const queue = createHashingQueue(settings)
  const hashing = createPasswordHashing({ queue, cost: settings })
  return {
    ...hashing,
    admit: queue.admit,
    isFull: queue.isFull,
    change: createPasswordChange({ db, queue, hashing, revocations }),
    metrics: () => ({ signInsInFlight: queue.inFlight() })
  }
}
