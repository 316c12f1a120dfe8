/** The argument with which a Node process runs TypeScript from its sources, as the tests themselves do. */
export const loader = `--import=${import.meta.resolve('./register.js')}`

/** The same, for a process that opens the embedded database: with the compiler setting that .taprc explains. */
export const nodeArgs = ['--liftoff-only', loader]
