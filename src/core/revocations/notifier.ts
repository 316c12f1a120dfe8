/**
 * Wakes other processes, so that they poll the revocation feed at once. A notification carries no data and may be lost:
 * every process also polls at an interval.
 */
export interface Notifier {
  /** Wakes all other processes; never throws. */
  notify (): void
  /** Calls the listener for every notification from now on. */
  onNotify (listener: () => void): void
  close (): Promise<void>
}

/** For processes that cannot notify each other; they rely on polling. */
export const noopNotifier: Notifier = { notify () {}, onNotify () {}, close: () => Promise.resolve() }
