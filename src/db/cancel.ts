import { ignore } from './errors.js'

/**
 * Cancels a statement of the driver, sent or not: a commit that waits for a standby does so for good, and one that was
 * not sent yet would be sent by a client that is given up, on a connection made for it alone. By what the driver keeps
 * for its own `cancel`, which lets a failure of it end the process.
 */
export function cancel (statement: object): void {
  const { canceller } = statement as { canceller: (statement: object) => Promise<void> }
  canceller(statement).catch(ignore)
}
