import type { Test } from 'tap'

/** Checks that an object has these members in this order, and no other. */
export function expectKeys (t: Test, value: unknown, ...keys: string[]): void {
  t.same(typeof value === 'object' && value !== null ? Object.keys(value) : value, keys, `members: ${keys.join(', ')}`)
}
