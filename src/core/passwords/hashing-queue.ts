import pLimit from 'p-limit'
import { AuthError } from '../errors.js'

export interface HashingQueueNeeds {
  /** Hashes at work at once. */
  concurrency: number
  /** Callers that may wait beside them. */
  queue: number
}

export type HashingQueue = ReturnType<typeof createHashingQueue>

/**
 * Lets in only as many callers as can be served in reasonable time, and runs only as many hashes as there are
 * cores for. A caller is let in before it does anything else, so that a flood reaches neither hash nor database.
 */
export function createHashingQueue ({ concurrency, queue }: HashingQueueNeeds) {
  const limit = pLimit(concurrency)
  let inside = 0
  const isFull = () => inside >= concurrency + queue

  return {
    /** Whether whoever comes now is refused. */
    isFull,

    /** @throws AuthError `overloaded`, at once, when there is no room */
    async admit<T> (work: () => Promise<T>): Promise<T> {
      if (isFull()) throw new AuthError('overloaded')
      inside += 1
      try {
        return await work()
      } finally {
        inside -= 1
      }
    },

    /** Callers that were let in and are not through. */
    get inside (): number {
      return inside
    },

    /** Runs one hash when it is its turn. */
    hash<T> (work: () => Promise<T>): Promise<T> {
      return limit(work)
    }
  }
}
