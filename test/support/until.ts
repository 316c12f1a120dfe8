import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 20

/** Waits until something is so. @throws when it takes too long */
export async function until (what: string, isSo: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !await isSo(); await delay(pollMs)) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
  }
}

/**
 * Waits as `until` does. @returns for how many milliseconds, by the number of looks and not by the clock: where other
 * programs have the machine, these looks come later just as what they wait for does
 */
export async function waitedUntil (what: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  let looks = 0
  await until(what, async () => {
    looks += 1
    return await isSo()
  })
  return (looks - 1) * pollMs
}
