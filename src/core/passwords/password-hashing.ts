import argon2 from 'argon2'
import { AuthError } from '../errors.js'
import { costOf, createEqualWork, isVerifiable, parallelism, type PasswordHashCost } from './equal-work.js'
import { dummyWith, parametersOf } from './hash-forms.js'
import type { HashingQueue } from './hashing-queue.js'
import type { OwnNames, PasswordBlocklist } from './password-blocklist.js'

export interface PasswordHashingNeeds {
  queue: Pick<HashingQueue, 'hash'>
  blocklist: PasswordBlocklist
  cost: PasswordHashCost
}

export type PasswordHashing = ReturnType<typeof createPasswordHashing>

/** Longer passwords are refused, never cut. */
export const maxPasswordBytes = 1024
export const minPasswordLength = 8

/** Whether a password can be kept exactly: well-formed Unicode of a bounded size. */
export function isStorablePassword (password: string): boolean {
  return password.isWellFormed() && canonical(password).length <= maxPasswordBytes
}

/** Hashes and checks passwords with argon2id, a bounded number at once. Never call it inside a transaction. */
export function createPasswordHashing ({ queue, blocklist, cost }: PasswordHashingNeeds) {
  const parameters = { memoryCost: cost.memory, timeCost: cost.passes, parallelism }
  const equalWork = createEqualWork(cost)

  return {
    /**
     * Hashes a new password of at least `minLength` characters; there are no composition rules (NIST SP 800-63B).
     * @param names of the account, where common passwords are refused
     * @throws AuthError `password_unacceptable`, `password_common`
     */
    async hash (password: string, minLength: number, names?: OwnNames): Promise<string> {
      if ([...password].length < minLength || !isStorablePassword(password)) {
        throw new AuthError('password_unacceptable', {
          message: `a password has at least ${minLength} characters and at most ${maxPasswordBytes} bytes`
        })
      }
      if (names !== undefined) await blocklist.refuseCommon(password, names)
      return queue.hash(() => argon2.hash(canonical(password), parameters))
    },

    /** Checks a password; `hash` is `null` where there is no account, which takes the same time. */
    async verify (hash: string | null, password: string): Promise<boolean> {
      const storable = isStorablePassword(password)
      const sent = storable ? password : ''
      // In one turn: how long an attempt waits must not depend on the account either.
      return queue.hash(() => equalWork.verify(storable ? hash : null, { sent, canonical: canonical(sent) }))
    },

    /** Takes the costs of stored hashes into account before the first of them is checked. */
    learnCosts (hashes: readonly string[]): void {
      for (const hash of hashes) equalWork.learn(parametersOf(hash) ?? '')
    },

    /** Takes hashes that were made elsewhere into account, by their parameters, and forgets those that are gone. */
    learnForeign: equalWork.learnForeign,

    /** How many hashes an attempt to sign in computes. */
    kinds: equalWork.kinds,

    /** A hash that no password matches, for accounts without one. */
    unusableHash: (): string => String(dummyWith(equalWork.current)),

    isVerifiable,

    /** Whether a stored hash is weaker than what is made now, and should be renewed when the password is at hand. */
    isOutdated (hash: string): boolean {
      const stored = costOf(hash)
      return stored === null || stored.memory < cost.memory || stored.passes < cost.passes
    }
  }
}

/** Different keyboards compose the same characters differently (NFC, RFC 8265 4.2.2). */
function canonical (password: string): Buffer {
  return Buffer.from(password.normalize('NFC'))
}
