import pLimit from 'p-limit'
import { AuthError } from '../errors.js'
import { customerNetworkOf } from '../lib/network.js'

export interface HashingQueueNeeds {
  /** Hashes computed at the same time. */
  concurrency: number
  /** Callers that may wait besides. */
  queue: number
}

export type HashingQueue = ReturnType<typeof createHashingQueue>

/** The part of all places that one network may take: three others can be flooding, and there is still room. */
const sharePerNetwork = 1 / 4

/**
 * Admission control: admits only as many callers as can be served in reasonable time, and computes only as many
 * hashes at once as there are cores. Callers are admitted before they do anything else, so that a flood reaches
 * neither the CPU nor the database; and one network gets a quarter of the places at most.
 */
export function createHashingQueue ({ concurrency, queue }: HashingQueueNeeds) {
  const limit = pLimit(concurrency)
  const places = concurrency + queue
  const placesPerNetwork = Math.max(1, Math.floor(places * sharePerNetwork))
  const inFlightOf = new Map<string, number>()
  const waitListeners: Array<(seconds: number) => void> = []
  let inFlight = 0
  let refused = 0

  const ofNetwork = (network: string | null) => network === null ? 0 : inFlightOf.get(network) ?? 0
  const hasNoPlace = (network: string | null) => inFlight >= places || ofNetwork(network) >= placesPerNetwork

  function count (network: string | null, change: 1 | -1): void {
    inFlight += change
    if (network === null) return
    const counted = ofNetwork(network) + change
    if (counted === 0) inFlightOf.delete(network)
    else inFlightOf.set(network, counted)
  }

  return {
    /**
     * Does the work if there is room for the caller.
     * @param address of the client; `null` for the command line, which only counts in all
     * @throws AuthError `overloaded`, at once, when there is no room
     */
    async admit<T> (this: void, address: string | null, work: () => Promise<T>): Promise<T> {
      const network = customerNetworkOf(address)
      if (hasNoPlace(network)) {
        refused += 1
        throw new AuthError('overloaded')
      }
      count(network, 1)
      try {
        return await work()
      } finally {
        count(network, -1)
      }
    },

    /** Whether the next caller from an address would be rejected. */
    isFull: (address: string | null): boolean => hasNoPlace(customerNetworkOf(address)),

    /** Calls the listener with the seconds that each hash has waited for its turn. */
    onWaited (this: void, listener: (seconds: number) => void): void {
      waitListeners.push(listener)
    },

    /** Computes one hash when it is its turn. */
    hash<T> (work: () => Promise<T>): Promise<T> {
      const queuedAt = performance.now()
      return limit(() => {
        const seconds = (performance.now() - queuedAt) / 1000
        for (const listener of waitListeners) listener(seconds)
        return work()
      })
    },

    metrics: () => ({
      /** Callers that were admitted and have not finished. */
      signInsInFlight: inFlight,
      hashesQueued: limit.pendingCount,
      hashingRefused: refused
    })
  }
}
