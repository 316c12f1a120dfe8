import { dummyWith, parametersOf, verifyHash, type Password } from './hash-forms.js'

/** KiB and passes of argon2id (RFC 9106). */
export interface PasswordHashCost {
  memory: number
  passes: number
}

export const parallelism = 1

/** A hash of the kind made here (PHC string format), with its memory and passes. */
const ownHash = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/

/** The cost of a hash of the kind made here, or `null`. */
export function costOf (hash: string): PasswordHashCost | null {
  const [, memory, passes] = ownHash.exec(hash) ?? []
  return memory === undefined ? null : { memory: Number(memory), passes: Number(passes) }
}

/** Whether a password can be verified against a stored hash. */
export const isVerifiable = (hash: string): boolean => parametersOf(hash) !== null

/**
 * Verifies passwords with the same work for every account and for none. The stored hash may be of another cost than
 * what is made now, or of another kind, until its owner signs in; the time would then tell that there is an account. So
 * every attempt computes a hash with each set of parameters that stored hashes have: the stored one with its own,
 * dummies with the others.
 */
export function createEqualWork (cost: PasswordHashCost) {
  const current = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${parallelism}$`
  /** By their parameters, always in the same order. */
  const dummies = new Map<string, string>()
  let foreign = new Set<string>()
  learn(current)

  /** Adds parameters of stored hashes. */
  function learn (parameters: string): void {
    const dummy = dummies.has(parameters) ? null : dummyWith(parameters)
    if (dummy === null) return
    dummies.set(parameters, dummy)
    if (costOf(parameters) === null) foreign.add(parameters)
  }

  return {
    learn,

    /** The parameters of hashes that are made here. */
    current,

    /** How many hashes an attempt computes. */
    kinds: () => dummies.size,

    /** Replaces what is known of hashes that were not made here: with the last one of a kind its work ends. */
    learnForeign (this: void, all: readonly string[]): void {
      for (const parameters of foreign) {
        if (!all.includes(parameters)) dummies.delete(parameters)
      }
      foreign = new Set(all)
      all.forEach(learn)
    },

    /** @param hash `null` where there is no account; one of an unknown kind matches no password either */
    async verify (hash: string | null, password: Password): Promise<boolean> {
      const stored = hash === null ? null : parametersOf(hash)
      if (stored !== null) learn(stored)
      let isMatch = false
      for (const [parameters, dummy] of dummies) {
        const isStored = parameters === stored
        const isVerified = await verifyHash(isStored && hash !== null ? hash : dummy, password)
        isMatch ||= isVerified && isStored
      }
      return isMatch
    }
  }
}
