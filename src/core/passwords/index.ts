import type { PasswordHashCost } from './equal-work.js'
import { createHashingQueue } from './hashing-queue.js'
import { createPasswordBlocklist } from './password-blocklist.js'
import { createPasswordHashing } from './password-hashing.js'

export interface PasswordSettings extends PasswordHashCost {
  /** Hashes computed at the same time, and callers that may wait besides. */
  concurrency: number
  queue: number
}

export interface PasswordsNeeds {
  settings: PasswordSettings
  /** Keyturn's own origin. */
  issuer: string
}

export type Passwords = ReturnType<typeof createPasswords>

/** Hashes and checks passwords, a bounded number at once, and refuses common ones. */
export function createPasswords ({ settings, issuer }: PasswordsNeeds) {
  const queue = createHashingQueue(settings)
  const blocklist = createPasswordBlocklist({ host: new URL(issuer).hostname })
  const hashing = createPasswordHashing({ queue, blocklist, cost: settings })
  return {
    ...hashing,
    admit: queue.admit,
    isFull: queue.isFull,
    onWaited: queue.onWaited,
    metrics: () => ({ ...queue.metrics(), passwordHashKinds: hashing.kinds() })
  }
}
