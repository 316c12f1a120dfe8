/**
 * Lets processes wake each other up to look at what is new in the database. A ring carries nothing and may be lost:
 * everybody also looks from time to time.
 */
export interface Doorbell {
  /** Wakes all other processes; never throws. */
  ring (): void
  /** From now on rings are passed on to the listener. */
  listen (listener: () => void): void
  close (): Promise<void>
}

/** For a process that nobody rings, and that rings nobody. */
export const silentDoorbell: Doorbell = { ring () {}, listen () {}, close: () => Promise.resolve() }
