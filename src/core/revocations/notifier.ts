/**
 * Lets processes wake each other up to look at what is new in the database. A ring carries nothing and may be lost:
 * everybody also looks from time to time.
 */
export interface Notifier {
  /** Wakes all other processes; never throws. */
  notify (): void
  /** From now on rings are passed on to the listener. */
  onNotify (listener: () => void): void
  close (): Promise<void>
}

/** For a process that nobody rings, and that rings nobody. */
export const noopNotifier: Notifier = { notify () {}, onNotify () {}, close: () => Promise.resolve() }
