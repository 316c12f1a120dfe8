import pLimit from 'p-limit'
import type { Test } from 'tap'

/** So many requests are under way at once: fewer than wait for a hash, more than one connection keeps busy. */
const limit = pLimit(16)

/** One of many requests that must all be answered alike. */
export interface Attempt {
  /** What tells it from the others, for the list of those that failed. */
  name: string
  /** What is wrong with the answer; `null` when nothing is. */
  fault: () => Promise<string | null>
}

/** Makes every attempt and lists those that were not answered as they must be: one assertion for the whole class. */
export async function allAnswered (t: Test, what: string, attempts: readonly Attempt[]): Promise<void> {
  const faults = await limit.map(attempts, async ({ name, fault }) => {
    const found = await fault()
    return found === null ? [] : [`${name.slice(0, 200)}: ${found}`]
  })
  t.same(faults.flat(), [], `${what}: ${attempts.length} requests`)
  t.not(attempts.length, 0)
}
