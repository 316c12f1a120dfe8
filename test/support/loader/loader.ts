/** The argument with which a Node process runs TypeScript from its sources, as the tests themselves do. */
export const loader = `--import=${import.meta.resolve('./register.js')}`

/** The same, and the embedded database starts in half the time (.taprc says why). */
export const nodeArgs = ['--liftoff-only', loader]
