import { randomBytes } from 'node:crypto'
import argon2 from 'argon2'
import { AuthError } from '../errors.js'
import type { HashingQueue } from './hashing-queue.js'

export interface PasswordHashingNeeds {
  queue: Pick<HashingQueue, 'hash'>
  cost: PasswordHashCost
}

/** KiB and passes of argon2id (RFC 9106). */
export interface PasswordHashCost {
  memory: number
  passes: number
}

export type PasswordHashing = ReturnType<typeof createPasswordHashing>

/** Longer passwords are refused, never cut. */
export const maxPasswordBytes = 1024
export const minPasswordLength = 8

const parallelism = 1
const saltBytes = 16
const hashBytes = 32

/** Memory and passes of a hash of the kind made here (PHC string format). */
const argon2idHash = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/

/** Whether a password can be kept exactly: well-formed Unicode of a bounded size. */
export function isStorablePassword (password: string): boolean {
  return password.isWellFormed() && canonical(password).length <= maxPasswordBytes
}

/** Hashes and checks passwords with argon2id, a bounded number at once. Never call it inside a transaction. */
export function createPasswordHashing ({ queue, cost }: PasswordHashingNeeds) {
  const parameters = { memoryCost: cost.memory, timeCost: cost.passes, parallelism }
  const dummyHash = makeDummyHash()

  /** A hash that no password matches, with the current parameters: an unknown email takes the same time. */
  function makeDummyHash (): string {
    const [salt, hash] = [saltBytes, hashBytes].map(size => randomBytes(size).toString('base64').replaceAll('=', ''))
    return `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parallelism}$${salt}$${hash}`
  }

  return {
    /**
     * Hashes a new password of at least `minLength` characters; there are no composition rules (NIST SP 800-63B).
     * @throws AuthError `password_unacceptable`
     */
    async hash (password: string, minLength: number): Promise<string> {
      if ([...password].length < minLength || !isStorablePassword(password)) {
        throw new AuthError('password_unacceptable', {
          message: `a password has at least ${minLength} characters and at most ${maxPasswordBytes} bytes`
        })
      }
      return queue.hash(() => argon2.hash(canonical(password), parameters))
    },

    /** Checks a password; `hash` is `null` where there is no account, which takes the same time. */
    async verify (hash: string | null, password: string): Promise<boolean> {
      const storable = isStorablePassword(password)
      const matches = await queue.hash(() =>
        argon2.verify(hash === null || !storable ? dummyHash : hash, storable ? canonical(password) : Buffer.alloc(0)))
      return matches && hash !== null && storable
    },

    /** Whether a stored hash is weaker than what is made now, and should be renewed when the password is at hand. */
    isOutdated (hash: string): boolean {
      const [, memory, passes] = argon2idHash.exec(hash)?.map(Number) ?? []
      return !(Number(memory) >= parameters.memoryCost && Number(passes) >= parameters.timeCost)
    }
  }
}

/** Different keyboards compose the same characters differently (NFC, RFC 8265 4.2.2). */
function canonical (password: string): Buffer {
  return Buffer.from(password.normalize('NFC'))
}
