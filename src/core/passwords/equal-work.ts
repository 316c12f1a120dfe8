import { randomBytes } from 'node:crypto'
import argon2 from 'argon2'

/** KiB and passes of argon2id (RFC 9106). */
export interface PasswordHashCost {
  memory: number
  passes: number
}

export const parallelism = 1
const saltBytes = 16
const hashBytes = 32

/** A hash of the kind made here (PHC string format), with its memory and passes. */
const ownHash = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/

/** A hash that can be verified, with the parameters that it begins with. */
const argon2Hash = /^(\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+)\$/

/** The cost of a hash of the kind made here, or `null`. */
export function costOf (hash: string): PasswordHashCost | null {
  const [, memory, passes] = ownHash.exec(hash) ?? []
  return memory === undefined ? null : { memory: Number(memory), passes: Number(passes) }
}

/** Whether a password can be verified against a stored hash. */
export function isVerifiable (hash: string): boolean {
  return argon2Hash.test(hash)
}

/**
 * Verifies passwords with the same work for every account and for none. The stored hash may be of another cost than
 * what is made now, until its owner signs in; the time would then tell that there is an account. So every attempt
 * computes a hash with each set of parameters that stored hashes have: the stored one with its own, dummies with the
 * others.
 */
export function createEqualWork (cost: PasswordHashCost) {
  const current = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${parallelism}`
  /** By their parameters, always in the same order. */
  const dummies = new Map([[current, makeDummy(current)]])

  /** Adds the parameters of a stored hash. */
  function learn (hash: string): void {
    const parameters = argon2Hash.exec(hash)?.[1]
    if (parameters !== undefined && !dummies.has(parameters)) dummies.set(parameters, makeDummy(parameters))
  }

  return {
    learn,

    /** @param hash `null` where there is no account; one of another kind matches no password either */
    async verify (hash: string | null, password: Buffer): Promise<boolean> {
      if (hash !== null) learn(hash)
      const stored = hash === null ? undefined : argon2Hash.exec(hash)?.[1]
      let isMatch = false
      for (const [parameters, dummy] of dummies) {
        const isStored = parameters === stored
        const isVerified = await argon2.verify(isStored && hash !== null ? hash : dummy, password)
        isMatch ||= isVerified && isStored
      }
      return isMatch
    }
  }
}

/** A hash that no password matches. */
function makeDummy (parameters: string): string {
  const [salt, hash] = [saltBytes, hashBytes].map(size => randomBytes(size).toString('base64').replaceAll('=', ''))
  return `${parameters}$${salt}$${hash}`
}
