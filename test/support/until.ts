import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 20

/** Waits until something is so. @throws when it takes too long */
export async function until (what: string, isSo: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !await isSo(); await delay(pollMs)) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
  }
}
