import pLimit from 'p-limit'
import { AuthError } from '../errors.js'

export interface HashingQueueNeeds {
  /** Hashes computed at the same time. */
  concurrency: number
  /** Callers that may wait besides. */
  queue: number
}

export type HashingQueue = ReturnType<typeof createHashingQueue>

/**
 * Admission control: admits only as many callers as can be served in reasonable time, and computes only as many
 * hashes at once as there are cores. Callers are admitted before they do anything else, so that a flood reaches
 * neither the CPU nor the database.
 */
export function createHashingQueue ({ concurrency, queue }: HashingQueueNeeds) {
  const limit = pLimit(concurrency)
  let inFlight = 0
  const isFull = () => inFlight >= concurrency + queue

  /** @throws AuthError `overloaded`, at once, when there is no room */
  async function admit<T> (work: () => Promise<T>): Promise<T> {
    if (isFull()) throw new AuthError('overloaded')
    inFlight += 1
    try {
      return await work()
    } finally {
      inFlight -= 1
    }
  }

  return {
    admit,

    /** Whether the next caller would be rejected. */
    isFull,

    /** Callers that were admitted and have not finished. */
    inFlight: () => inFlight,

    /** Computes one hash when it is its turn. */
    hash<T> (work: () => Promise<T>): Promise<T> {
      return limit(work)
    }
  }
}
