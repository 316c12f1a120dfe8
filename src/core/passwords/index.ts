import type { PasswordHashCost } from './equal-work.js'
import { createHashingQueue } from './hashing-queue.js'
import { createPasswordHashing } from './password-hashing.js'

export interface PasswordSettings extends PasswordHashCost {
  /** Hashes computed at the same time, and callers that may wait besides. */
  concurrency: number
  queue: number
}

export interface PasswordsNeeds {
  settings: PasswordSettings
}

export type Passwords = ReturnType<typeof createPasswords>

/** Hashes and checks passwords, a bounded number at once. */
export function createPasswords ({ settings }: PasswordsNeeds) {
  const queue = createHashingQueue(settings)
  const hashing = createPasswordHashing({ queue, cost: settings })
  return {
    ...hashing,
    admit: queue.admit,
    isFull: queue.isFull,
    metrics: () => ({ signInsInFlight: queue.inFlight() })
  }
}
